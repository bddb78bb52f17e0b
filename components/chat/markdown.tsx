"use client";
import { lazy, Suspense } from "react";

const loadBody = () => import("./markdown-body");
const MarkdownBody = lazy(loadBody);

/** Fetches the renderer before the first answer needs it. */
export const preloadMarkdown = (): void => void loadBody();

interface MarkdownProps {
  readonly text: string;
  readonly isStreaming: boolean;
}

/** A model's text. Until the renderer has come it stands there as it is. */
export function Markdown(props: MarkdownProps) {
  return (
    <Suspense fallback={<p className="text-chat whitespace-pre-wrap [overflow-wrap:anywhere]">{props.text}</p>}>
      <MarkdownBody {...props} />
    </Suspense>
  );
}
