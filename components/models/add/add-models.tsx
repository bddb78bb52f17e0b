"use client";
import { lazy, Suspense, useState } from "react";
import { Button } from "@/components/ui/button";

const AddModelDialog = lazy(() => import("./add-model"));
const ProgramModelsDialog = lazy(() => import("./program-models"));

/** The ways to bring a model into the library, in addition to the hub. */
export function AddModels({ openHub }: { readonly openHub: () => void }) {
  const [shown, setShown] = useState<"add" | "programs" | null>(null);
  const close = () => setShown(null);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button onClick={() => setShown("add")}>Add a model</Button>
      <Button onClick={() => setShown("programs")}>From other programs</Button>
      <Suspense>
        {shown === "add" && (
          <AddModelDialog
            onClose={close}
            openHub={() => {
              close();
              openHub();
            }}
          />
        )}
        {shown === "programs" && <ProgramModelsDialog onClose={close} />}
      </Suspense>
    </div>
  );
}
