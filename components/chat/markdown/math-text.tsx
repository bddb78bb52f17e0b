"use client";
import { lazy, Suspense } from "react";

const TypesetMath = lazy(() => import("./typeset-math"));

interface MathTextProps {
  readonly tex: string;
  readonly isDisplay: boolean;
}

/** A formula. Its source is shown until the typesetter has loaded. */
export function MathText(props: MathTextProps) {
  return (
    <Suspense fallback={<code>{props.tex}</code>}>
      <TypesetMath {...props} />
    </Suspense>
  );
}
