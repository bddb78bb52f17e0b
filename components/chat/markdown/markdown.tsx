"use client";
import { lazy, Suspense, useState } from "react";
import { LongText } from "./long-text";

type Body = typeof import("./markdown-body").default;

let loadedBody: Body | null = null;
const loadBody = async () => {
  const module = await import("./markdown-body");
  loadedBody = module.default;
  return module;
};
const LazyBody = lazy(loadBody);

/** Fetches the renderer before the first answer needs it. */
export const preloadMarkdown = (): void => void loadBody();

interface MarkdownProps {
  readonly text: string;
  readonly isStreaming: boolean;
}

/** Parsing takes a millisecond for a thousand characters, in one piece: beyond this it would be felt. */
const MAX_FORMATTED_CHARACTERS = 100_000;

/** A model's text. Until the renderer has come, and when it is too long for it, it stands there as it is. */
export function Markdown(props: MarkdownProps) {
  if (props.text.length > MAX_FORMATTED_CHARACTERS) return <LongText text={props.text} />;
  return <FormattedText {...props} />;
}

function FormattedText(props: MarkdownProps) {
  // What is here is used at once: `lazy` would show its fallback first, which React leaves standing for 300 ms.
  const [MarkdownBody] = useState<Body | typeof LazyBody>(() => loadedBody ?? LazyBody);
  return (
    <Suspense fallback={<LongText text={props.text} />}>
      <MarkdownBody {...props} />
    </Suspense>
  );
}
