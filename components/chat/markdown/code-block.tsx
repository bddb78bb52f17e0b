"use client";
import { Download } from "lucide-react";
import { lazy, Suspense } from "react";
import { useIsCodeFenceIncomplete } from "streamdown";
import { CopyAction } from "@/components/chat/transcript/copy-action";
import { MessageAction } from "@/components/chat/transcript/message-action";

/** A fenced block with its language, coloured once it is complete. */
export function CodeBlock({ code, language }: { readonly code: string; readonly language: string }) {
  const isArriving = useIsCodeFenceIncomplete();
  return (
    <figure className="code-block">
      <figcaption>
        <span>{language || "text"}</span>
        <span className="flex">
          <CopyAction text={() => code} />
          <MessageAction label="Download" onClick={() => downloadText(code, `snippet.${extensionOf(language)}`)}>
            <Download aria-hidden size={14} />
          </MessageAction>
        </span>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide code scrolls, also by keyboard. */}
      <pre tabIndex={0}>
        <code>{isArriving ? code : <HighlightedCode code={code} language={language} />}</code>
      </pre>
    </figure>
  );
}

const extensions: Readonly<Record<string, string>> = {
  javascript: "js",
  typescript: "ts",
  python: "py",
  markdown: "md",
  bash: "sh",
  shell: "sh",
  rust: "rs",
  ruby: "rb",
  csharp: "cs",
  kotlin: "kt",
  "": "txt",
  text: "txt",
};

const extensionOf = (language: string): string =>
  extensions[language.toLowerCase()] ?? (/^[a-z0-9]{1,8}$/i.test(language) ? language.toLowerCase() : "txt");

/** Saves a text as a file, without asking the server. */
function downloadText(text: string, fileName: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}

const ColouredCode = lazy(() => import("./coloured-code"));

/** Beyond this, colouring takes longer than a frame, and in so long a text colours hardly help the reader. */
const MAX_COLOURED_CHARACTERS = 50_000;

/** Code in colours if its language is known; plain until the highlighter has loaded. */
function HighlightedCode({ code, language }: { readonly code: string; readonly language: string }) {
  if (language === "" || code.length > MAX_COLOURED_CHARACTERS) return code;
  return (
    <Suspense fallback={code}>
      <ColouredCode code={code} language={language} />
    </Suspense>
  );
}
