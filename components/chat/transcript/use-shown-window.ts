"use client";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { forgetTarget } from "@/lib/client/chat/chat-actions";
import { useSession } from "@/lib/client/chat/chat-session";
import type { ShownMessage } from "@/lib/client/chat/chat-tree";

/** The end of a chat appears before the rest of the screen is filled. */
const FIRST_ROWS = 4;
/** Rows added at each step upwards: few enough to parse in a frame or two. */
const STEP_ROWS = 12;
/** Earlier rows are added before the edge comes into view. */
const NEAR_TOP_PX = 600;

/**
 * Index of the first rendered row. It decreases when the user scrolls towards it, or searches for an earlier message.
 * Rows in view keep their position.
 */
export function useShownWindow(scrollRef: RefObject<HTMLElement | null>, shown: readonly ShownMessage[]): number {
  const [rows, setRows] = useState(FIRST_ROWS);
  const targetId = useSession(session => session.targetId);
  const targetIndex = targetId === null ? -1 : shown.findIndex(({ message }) => message.id === targetId);
  const wantedRows = targetIndex < 0 ? rows : Math.max(rows, shown.length - targetIndex + 2);
  const firstIndex = Math.max(0, shown.length - wantedRows);
  const heightBefore = useRef<number | null>(null);

  useEffect(() => {
    const scroller = scrollRef.current;
    if (scroller === null || firstIndex === 0) return;
    const onScroll = () => {
      if (scroller.scrollTop > NEAR_TOP_PX) return;
      heightBefore.current = scroller.scrollHeight - scroller.scrollTop;
      setRows(count => count + STEP_ROWS);
    };
    // If the rows do not fill the screen, it cannot scroll.
    if (scroller.scrollHeight < scroller.clientHeight + NEAR_TOP_PX) onScroll();
    scroller.addEventListener("scroll", onScroll, { passive: true });
    return () => scroller.removeEventListener("scroll", onScroll);
  }, [scrollRef, firstIndex]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs after rows were added above.
  useLayoutEffect(() => {
    const scroller = scrollRef.current;
    if (scroller === null || heightBefore.current === null) return;
    scroller.scrollTop = scroller.scrollHeight - heightBefore.current;
    heightBefore.current = null;
  }, [firstIndex]);

  useEffect(() => {
    if (targetId === null || targetIndex < 0) return;
    setRows(wantedRows);
    const row = scrollRef.current?.querySelector(`[data-message-id="${CSS.escape(targetId)}"]`);
    row?.scrollIntoView({ block: "center" });
    if (row instanceof HTMLElement) row.focus();
    forgetTarget();
  }, [scrollRef, targetId, targetIndex, wantedRows]);

  return firstIndex;
}
