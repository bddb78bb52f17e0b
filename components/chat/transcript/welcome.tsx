"use client";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { focusComposer } from "@/components/chat/composer/composer-field";
import { useChatList } from "@/lib/client/chat-list";

const SEEN_KEY = "headroom.welcome-seen";
const WelcomeCard = lazy(() => import("./welcome-card"));

/** Before the first chat. Its room is kept from the start, because its content comes later and must not move what is below. */
export function Welcome() {
  const chats = useChatList(state => state.data?.chats.length);
  const [isUnseen, setUnseen] = useState(false);
  useEffect(() => setUnseen(localStorage.getItem(SEEN_KEY) === null), []);
  const close = useCallback(() => {
    localStorage.setItem(SEEN_KEY, "1");
    setUnseen(false);
    focusComposer();
  }, []);
  if (!isUnseen || (chats !== undefined && chats > 0)) return null;
  return (
    <div className="min-h-100">
      {chats === 0 && (
        <Suspense>
          <WelcomeCard onClose={close} />
        </Suspense>
      )}
    </div>
  );
}
