"use client";
import type { ComponentProps } from "react";
import { type Components, defaultRehypePlugins, type ExtraProps, type StreamdownProps } from "streamdown";
import { CodeBlock } from "./code-block";
import { MarkdownTable } from "./markdown-table";

const { sanitize, harden } = defaultRehypePlugins;

/** Without the plugin that turns raw HTML into elements: tags in a model's text are text. */
export const safeRehypePlugins = [sanitize, harden] as NonNullable<StreamdownProps["rehypePlugins"]>;

const SAFE_LINK = /^(?:https?:|mailto:)/i;

/** Only addresses that open a page or a letter; the page they lead to learns nothing of this one. */
function Link({ href, children }: ComponentProps<"a"> & ExtraProps) {
  if (href === undefined || !SAFE_LINK.test(href)) return <span>{children}</span>;
  return (
    <a href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** Fetching a picture would tell a stranger that, and what, one reads. */
function RefusedImage({ alt, src }: ComponentProps<"img"> & ExtraProps) {
  return (
    <span className="refused-image" title={typeof src === "string" ? src.slice(0, 200) : undefined}>
      [Picture not loaded{alt ? `: ${alt}` : ""}]
    </span>
  );
}

function InlineCode({ children }: ComponentProps<"code"> & ExtraProps) {
  return <code>{children}</code>;
}

export const markdownComponents: Components = {
  // The elements alone, without the classes that the library would give them: their look is in markdown.css.
  p: "p",
  ul: "ul",
  ol: "ol",
  li: "li",
  blockquote: "blockquote",
  hr: "hr",
  strong: "strong",
  sup: "sup",
  sub: "sub",
  section: "section",
  // The page's own headings are the first two levels.
  h1: "h3",
  h2: "h4",
  h3: "h5",
  h4: "h6",
  h5: "h6",
  h6: "h6",
  a: Link,
  img: RefusedImage,
  pre: CodeBlock,
  code: InlineCode,
  inlineCode: InlineCode,
  table: MarkdownTable,
  thead: "thead",
  tbody: "tbody",
  tr: "tr",
  th: "th",
  td: "td",
};
