"use client";
import { lazy, Suspense, useState } from "react";
import { Button } from "@/components/ui/button";

const ProgramModelsDialog = lazy(() => import("./program-models"));

/** The ways to bring models of this computer into the library. */
export function AddModels() {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <Button onClick={() => setOpen(true)}>From other programs</Button>
      {isOpen && (
        <Suspense>
          <ProgramModelsDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}
