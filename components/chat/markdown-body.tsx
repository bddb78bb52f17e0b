"use client";
import { Streamdown } from "streamdown";
import { withDollarMath } from "@/lib/client/chat-math";
import { markdownComponents, safeRehypePlugins } from "./markdown-components";
import { useMathPlugin } from "./use-math-plugin";
import "./markdown.css";

interface MarkdownBodyProps {
  readonly text: string;
  readonly isStreaming: boolean;
}

/** Parses block by block: while text arrives only the last block is parsed again. */
export default function MarkdownBody({ text, isStreaming }: MarkdownBodyProps) {
  const math = useMathPlugin(text);
  return (
    <Streamdown
      className="markdown"
      mode={isStreaming ? "streaming" : "static"}
      components={markdownComponents}
      rehypePlugins={safeRehypePlugins}
      controls={false}
      linkSafety={{ enabled: false }}
      dir="auto"
      {...(math && { plugins: { math } })}
    >
      {math ? withDollarMath(text) : text}
    </Streamdown>
  );
}
