"use client";
import { useEffect, useState } from "react";
import { uploadModels } from "@/lib/client/models/upload-store";

const holdsFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") ?? false;

/** While Models is shown, files can be dropped anywhere on it: they are copied into the models folder. */
export function DropModels() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      void uploadModels([...(event.dataTransfer?.files ?? [])]);
    };
    const ended = new AbortController();
    const { signal } = ended;
    window.addEventListener("dragover", over, { signal });
    window.addEventListener("dragleave", leave, { signal });
    window.addEventListener("drop", drop, { signal });
    return () => ended.abort();
  }, []);
  if (!isOver) return null;
  return (
    <div className="pointer-events-none fixed inset-3 z-40 flex items-center justify-center rounded-card border-2 border-accent border-dashed bg-surface/90">
      <p className="font-semibold text-lg">Drop GGUF files to copy them into the models folder</p>
    </div>
  );
}
