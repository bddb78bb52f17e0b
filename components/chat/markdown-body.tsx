"use client";
import { Streamdown } from "streamdown";
import { withDollarMath } from "@/lib/client/chat-math";
import { markdownComponents, remarkPlugins, safeRehypePlugins } from "./markdown-components";
import "./markdown.css";

interface MarkdownBodyProps {
  readonly text: string;
  readonly isStreaming: boolean;
}

/** Parses block by block: while text arrives only the last block is parsed again. */
export default function MarkdownBody({ text, isStreaming }: MarkdownBodyProps) {
  return (
    <Streamdown
      className="markdown"
      mode={isStreaming ? "streaming" : "static"}
      components={markdownComponents}
      remarkPlugins={remarkPlugins}
      rehypePlugins={safeRehypePlugins}
      controls={false}
      linkSafety={{ enabled: false }}
      dir="auto"
    >
      {withDollarMath(text)}
    </Streamdown>
  );
}
