import type { Metadata } from "next";
import { ModelsScreen } from "@/components/models/models-screen";

export const metadata: Metadata = { title: "Models" };

export default function ModelsPage() {
  return (
    <div className="mx-auto w-full max-w-4xl p-3 sm:p-6">
      <h1 className="font-semibold text-sentence tracking-[-0.01em]">Models</h1>
      <p className="mt-1 mb-4 text-ink-2">
        GGUF files of this computer, each with the plan it would get here with the settings that hold for it.
      </p>
      <ModelsScreen />
    </div>
  );
}
