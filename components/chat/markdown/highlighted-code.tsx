"use client";
import { lazy, Suspense } from "react";

const ColouredCode = lazy(() => import("./coloured-code"));

/** Beyond this, colouring takes longer than a frame, and in so long a text colours hardly help the reader. */
const MAX_COLOURED_CHARACTERS = 50_000;

/** Code in colours if its language is known; plain until the highlighter has loaded. */
export function HighlightedCode({ code, language }: { readonly code: string; readonly language: string }) {
  if (language === "" || code.length > MAX_COLOURED_CHARACTERS) return code;
  return (
    <Suspense fallback={code}>
      <ColouredCode code={code} language={language} />
    </Suspense>
  );
}
