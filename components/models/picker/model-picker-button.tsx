"use client";
import { lazy, Suspense, useState } from "react";
import { buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { useEngine } from "@/lib/client/live-store";
import { shortModelName } from "@/lib/schema/models/model-source";

const ModelPicker = lazy(() => import("./model-picker"));

/** The present model's name. A press opens the choice of another; its code loads only then. */
export function ModelPickerButton({ className }: { readonly className: string }) {
  const modelName = useEngine()?.modelName ?? null;
  const name = modelName === null ? "Choose a model" : shortModelName(modelName);
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        aria-label={`Model: ${name}`}
        className={classNames(buttonClass("quiet", "sm"), "min-w-0", className)}
        onClick={() => setOpen(true)}
      >
        <span className="truncate">{name}</span>▾
      </button>
      {isOpen && (
        <Suspense>
          <ModelPicker onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
