"use client";
import { fromHtml } from "hast-util-from-html";
import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import katex from "katex";
import { memo } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";

interface TypesetMathProps {
  readonly tex: string;
  readonly isDisplay: boolean;
}

/**
 * MathML, which browsers draw themselves: KaTeX's HTML would consist of inline styles. It is parsed here
 * and not by the browser, so that no text becomes markup outside React. If it cannot be parsed, the source is shown.
 */
export default memo(function TypesetMath({ tex, isDisplay }: TypesetMathProps) {
  const mathMl = toMathMl(tex, isDisplay);
  if (mathMl === null) return <code>{tex}</code>;
  return toJsxRuntime(fromHtml(mathMl, { fragment: true }), { Fragment, jsx, jsxs });
});

function toMathMl(tex: string, isDisplay: boolean): string | null {
  try {
    // trust: false refuses links, pictures and HTML attributes; maxExpand ends macros that call themselves.
    return katex.renderToString(tex, {
      displayMode: isDisplay,
      output: "mathml",
      trust: false,
      strict: "ignore",
      maxSize: 50,
      maxExpand: 500,
    });
  } catch {
    return null;
  }
}
