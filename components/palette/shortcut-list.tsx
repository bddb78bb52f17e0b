"use client";
import { Dialog } from "@/components/ui/dialog";
import { closeOverlay } from "@/lib/client/palette-store";

const shortcuts: readonly (readonly [string, string])[] = [
  ["Enter", "Send"],
  ["Shift + Enter", "New line"],
  ["Escape", "Stop the answer"],
  ["Ctrl or ⌘ + K", "Search chats and commands"],
  ["Ctrl or ⌘ + Shift + O", "New chat"],
  ["Ctrl or ⌘ + Alt + Shift + O", "New temporary chat"],
  ["/", "Go to the message field"],
  ["Ctrl or ⌘ + Enter", "Save an edited message"],
  ["Ctrl or ⌘ + /", "This list"],
];

export default function ShortcutList() {
  return (
    <Dialog onClose={closeOverlay} title="Keyboard shortcuts">
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-2">
        {shortcuts.map(([keys, what]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="rounded-cell border border-line-strong bg-sunken px-1.5 py-0.5 font-mono text-xs">
                {keys}
              </kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
