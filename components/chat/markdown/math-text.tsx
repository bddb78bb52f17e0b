"use client";
import { lazy, Suspense } from "react";

const TypesetMath = lazy(() => import("./typeset-math"));

interface MathTextProps {
  readonly tex: string;
  readonly isDisplay: boolean;
}

/** A formula; its source stands there until the typesetter has come. */
export function MathText(props: MathTextProps) {
  return (
    <Suspense fallback={<code>{props.tex}</code>}>
      <TypesetMath {...props} />
    </Suspense>
  );
}
