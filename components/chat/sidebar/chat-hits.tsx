"use client";
import { goToMessage } from "@/lib/client/chat/chat-location";
import type { ChatHit } from "@/lib/schema/chat";
import { SearchSnippet } from "./search-snippet";
import { useChatHits } from "./use-chat-hits";

interface ChatHitsProps {
  readonly query: string;
  readonly onChosen: (() => void) | undefined;
}

/** Chats whose title or messages contain the words. */
export function ChatHits({ query, onChosen }: ChatHitsProps) {
  const hits = useChatHits(query);
  const choose = (hit: ChatHit) => {
    goToMessage(hit.chatId, hit.messageId);
    onChosen?.();
  };
  if (hits === null) return <p className="p-2 text-ink-3 text-sm">Searching …</p>;
  return (
    <>
      <p role="status" className="px-2 py-1 text-ink-3 text-xs">
        {hits.length === 0 ? "Nothing found" : `${hits.length} found`}
      </p>
      <ul>
        {hits.map(hit => (
          <li key={`${hit.chatId} ${hit.messageId}`}>
            <button
              type="button"
              onClick={() => choose(hit)}
              className="w-full rounded-control px-2 py-1.5 text-left hover:bg-sunken"
            >
              <span dir="auto" className="block truncate">
                {hit.title}
              </span>
              {hit.snippet !== "" && <SearchSnippet text={hit.snippet} />}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
