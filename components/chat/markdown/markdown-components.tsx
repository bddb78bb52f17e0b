"use client";
import { type ComponentProps, isValidElement, lazy, type ReactNode, Suspense } from "react";
import remarkCjkFriendly from "remark-cjk-friendly";
import remarkCjkFriendlyGfmStrikethrough from "remark-cjk-friendly-gfm-strikethrough";
import remarkMath from "remark-math";
import {
  type Components,
  defaultRehypePlugins,
  defaultRemarkPlugins,
  type ExtraProps,
  type StreamdownProps,
} from "streamdown";
import { CodeBlock } from "./code-block";
import { MarkdownTable } from "./markdown-table";
import { remarkTexMath } from "./remark-tex-math";

const TypesetMath = lazy(() => import("./typeset-math"));

const { sanitize, harden } = defaultRehypePlugins;

/** The plugin that turns raw HTML into elements is left out: tags in a model's text stay text. */
export const safeRehypePlugins = [sanitize, harden] as NonNullable<StreamdownProps["rehypePlugins"]>;

type RemarkPlugins = NonNullable<StreamdownProps["remarkPlugins"]>;

const remarkPlugins = (isStreaming: boolean): RemarkPlugins => [
  ...Object.values(defaultRemarkPlugins),
  remarkCjkFriendly,
  remarkCjkFriendlyGfmStrikethrough,
  [remarkMath, { singleDollarTextMath: false }],
  [remarkTexMath, { isStreaming }],
];

export const finishedPlugins = remarkPlugins(false);
export const streamingPlugins = remarkPlugins(true);

const SAFE_LINK = /^(?:https?:|mailto:)/i;

/** Only addresses that open a page or an email. The page they lead to learns nothing about this one. */
function Link({ href, children }: ComponentProps<"a"> & ExtraProps) {
  if (href === undefined || !SAFE_LINK.test(href)) return <span>{children}</span>;
  return (
    <a href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** Fetching a picture would tell another server that the user reads this, and what it is. */
function RefusedImage({ alt, src }: ComponentProps<"img"> & ExtraProps) {
  return (
    <span className="refused-image" title={typeof src === "string" ? src.slice(0, 200) : undefined}>
      [Picture not loaded{alt ? `: ${alt}` : ""}]
    </span>
  );
}

/** A checkbox of a task list: it shows its state and cannot be changed. */
function TaskMark({ checked }: ComponentProps<"input"> & ExtraProps) {
  return (
    <span role="img" aria-label={checked ? "Done:" : "Open:"} className="task-mark">
      {checked ? "☑" : "☐"}
    </span>
  );
}

/** A formula. Its source is shown until the typesetter has loaded. */
const MathText = (props: { readonly tex: string; readonly isDisplay: boolean }) => (
  <Suspense fallback={<code>{props.tex}</code>}>
    <TypesetMath {...props} />
  </Suspense>
);

function InlineCode({ className, children }: ComponentProps<"code"> & ExtraProps) {
  if (isMath(className)) return <MathText tex={plainText(children)} isDisplay={false} />;
  return <code>{children}</code>;
}

/** The parser gives a fenced block, and display math, as a `code` element inside a `pre`. */
function Block({ children }: ComponentProps<"pre"> & ExtraProps) {
  const props = isValidElement<ComponentProps<"code">>(children) ? children.props : { children };
  const text = plainText(props.children).replace(/\n$/, "");
  if (isMath(props.className)) return <MathText tex={text} isDisplay />;
  return <CodeBlock code={text} language={/language-([\w+#.-]+)/.exec(props.className ?? "")?.[1] ?? ""} />;
}

const isMath = (className: string | undefined): boolean => /(?:^| )language-math(?: |$)/.test(className ?? "");

const plainText = (children: ReactNode): string =>
  Array.isArray(children) ? children.map(plainText).join("") : typeof children === "string" ? children : "";

export const markdownComponents: Components = {
  // The plain elements, without the library's classes: their look is in markdown.css.
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
  // The page's own headings use the first two levels.
  h1: "h3",
  h2: "h4",
  h3: "h5",
  h4: "h6",
  h5: "h6",
  h6: "h6",
  a: Link,
  input: TaskMark,
  img: RefusedImage,
  pre: Block,
  code: InlineCode,
  inlineCode: InlineCode,
  table: MarkdownTable,
  thead: "thead",
  tbody: "tbody",
  tr: "tr",
  th: "th",
  td: "td",
};
