"use client";
import { lazy, Suspense } from "react";

const ColouredCode = lazy(() => import("./coloured-code"));

/** Beyond this, colouring takes longer than a frame, and nobody reads that much by its colours. */
const MAX_COLOURED_CHARACTERS = 50_000;

/** Code in colours where its language is known; plain until the highlighter has come. */
export function HighlightedCode({ code, language }: { readonly code: string; readonly language: string }) {
  if (language === "" || code.length > MAX_COLOURED_CHARACTERS) return code;
  return (
    <Suspense fallback={code}>
      <ColouredCode code={code} language={language} />
    </Suspense>
  );
}
