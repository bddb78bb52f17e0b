import type { Processor } from "unified";
import { texMathSyntax } from "./tex-math-syntax";

/** A plugin of remark. tex-math-syntax.ts defines how math is read. remark-math defines how it is rendered, and must be used as well. */
export function remarkTexMath(this: Processor, { isStreaming }: { readonly isStreaming: boolean }): void {
  const data: { micromarkExtensions?: unknown[] } = this.data();
  data.micromarkExtensions ??= [];
  data.micromarkExtensions.push(texMathSyntax(isStreaming));
}
