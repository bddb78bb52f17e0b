"use client";
import { Streamdown } from "streamdown";
import { finishedPlugins, markdownComponents, safeRehypePlugins, streamingPlugins } from "./markdown-components";
import "./markdown.css";

interface MarkdownBodyProps {
  readonly text: string;
  readonly isStreaming: boolean;
}

/**
 * Parses block by block. While text arrives only the last block is parsed again, and at the end none. (The mode for
 * finished text would parse all of it again, in one piece.)
 */
export default function MarkdownBody({ text, isStreaming }: MarkdownBodyProps) {
  return (
    <Streamdown
      className="markdown"
      mode="streaming"
      parseIncompleteMarkdown={isStreaming}
      components={markdownComponents}
      remarkPlugins={isStreaming ? streamingPlugins : finishedPlugins}
      rehypePlugins={safeRehypePlugins}
      controls={false}
      linkSafety={{ enabled: false }}
      dir="auto"
    >
      {text}
    </Streamdown>
  );
}
