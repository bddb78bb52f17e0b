import type { Processor } from "unified";
import { texMathSyntax } from "./tex-math-syntax";

/** A plugin of remark: how math is read is said in tex-math-syntax.ts, and what becomes of it by remark-math, which must stand beside it. */
export function remarkTexMath(this: Processor, { isStreaming }: { readonly isStreaming: boolean }): void {
  const data: { micromarkExtensions?: unknown[] } = this.data();
  data.micromarkExtensions ??= [];
  data.micromarkExtensions.push(texMathSyntax(isStreaming));
}
