"use client";
import { useEffect, useRef, useState } from "react";
import { classNames } from "@/components/ui/class-names";
import { CopyButton } from "@/components/ui/copy-button";
import { inputClass } from "@/components/ui/field";
import { ScrollRegion } from "@/components/ui/scroll-region";
import { type ShownLogLine, useLive } from "@/lib/client/live-store";

const timeOf = ({ atMs }: ShownLogLine): string => new Date(atMs).toLocaleTimeString("en-GB");

/** Lines that arrived while the page was open follow the server's earlier lines; none is shown twice. */
function joinLines(kept: readonly ShownLogLine[], live: readonly ShownLogLine[]): ShownLogLine[] {
  const lastKeptMs = kept.at(-1)?.atMs ?? 0;
  return [...kept, ...live.filter(line => line.atMs > lastKeptMs)];
}

/** Within this distance from its end, a log counts as being at its end. */
const NEAR_END_PX = 80;

function scrollToEnd(last: HTMLElement | null, lineCount: number): void {
  const box = last?.closest("section");
  if (last === null || box == null || lineCount === 0) return;
  const isNearEnd = box.scrollHeight - box.scrollTop - box.clientHeight - last.offsetHeight < NEAR_END_PX;
  if (isNearEnd || box.scrollTop === 0) box.scrollTop = box.scrollHeight;
}

/** The latest lines of the engine and the server, to search and copy. */
export function LogLines({ kept }: { readonly kept: readonly ShownLogLine[] }) {
  const live = useLive(state => state.log);
  const [words, setWords] = useState("");
  const all = joinLines(kept, live);
  const lines = all.filter(line => line.text.toLowerCase().includes(words.toLowerCase()));
  const end = useRef<HTMLLIElement>(null);
  // The fault is at the end. A reader who scrolled up is left alone.
  useEffect(() => scrollToEnd(end.current, lines.length), [lines.length]);
  return (
    <div>
      <p className="mb-1 flex justify-between gap-4 text-ink-3 text-xs">
        <span>Last lines of engine and server</span>
        <span>{words === "" ? `${all.length} lines` : `${lines.length} of ${all.length} lines`}</span>
      </p>
      <div className="mb-2 flex gap-2">
        <input
          type="search"
          aria-label="Search the log"
          placeholder="Search the log"
          className={inputClass}
          value={words}
          onChange={event => setWords(event.target.value)}
        />
        <CopyButton
          label="Copy lines"
          text={() => lines.map(line => `${timeOf(line)} ${line.level} ${line.text}`).join("\n")}
        />
      </div>
      <ScrollRegion label="Log" className="max-h-64 overflow-auto rounded-control border border-line bg-sunken p-2">
        {lines.length === 0 && (
          <p className="text-ink-3 text-sm">{words === "" ? "Nothing was logged yet." : "No line has that."}</p>
        )}
        <ol className="font-mono text-xs">
          {lines.map((line, index) => (
            <li
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is identified only by its place.
              key={index}
              ref={index === lines.length - 1 ? end : null}
              className={classNames(
                "break-words whitespace-pre-wrap",
                line.level === "error" && "text-bad",
                line.level === "warn" && "text-warn",
              )}
            >
              <span className="text-ink-3">{timeOf(line)}</span> {line.text}
            </li>
          ))}
        </ol>
      </ScrollRegion>
    </div>
  );
}
