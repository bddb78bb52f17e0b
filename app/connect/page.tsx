import type { Metadata } from "next";
import { ConnectScreen } from "@/components/connect/connect-screen";

export const metadata: Metadata = { title: "API" };

export default function ConnectPage() {
  return (
    <div className="mx-auto w-full max-w-4xl p-3 sm:p-6">
      <ConnectScreen />
    </div>
  );
}
