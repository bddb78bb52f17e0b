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

/** Parsing takes a millisecond for a thousand characters, in one piece. Beyond this limit a user would notice. */
const MAX_FORMATTED_CHARACTERS = 100_000;

/** A model's text. It is shown unformatted until the renderer has loaded, and if it is too long for the renderer. */
export function Markdown(props: MarkdownProps) {
  if (props.text.length > MAX_FORMATTED_CHARACTERS) return <LongText text={props.text} />;
  return <FormattedText {...props} />;
}

function FormattedText(props: MarkdownProps) {
  // A loaded renderer is used at once: `lazy` would show its fallback first, which React keeps for 300 ms.
  const [MarkdownBody] = useState<Body | typeof LazyBody>(() => loadedBody ?? LazyBody);
  return (
    <Suspense fallback={<LongText text={props.text} />}>
      <MarkdownBody {...props} />
    </Suspense>
  );
}
