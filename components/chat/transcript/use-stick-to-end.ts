"use client";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Within this distance from the end, the user counts as reading the end. */
const AT_END_PX = 48;

/**
 * Keeps the end in view while the user is there, and never pulls a reader down from further up. The user's own new message
 * (another number of rows) always scrolls to the end.
 */
export function useStickToEnd(
  scrollRef: RefObject<HTMLElement | null>,
  contentRef: RefObject<HTMLElement | null>,
  rowCount: number,
): { readonly isAtEnd: boolean; readonly goToEnd: () => void } {
  const [isAtEnd, setAtEnd] = useState(true);
  const sticks = useRef(true);

  const goToEnd = useCallback(() => {
    const scroller = scrollRef.current;
    if (scroller) scroller.scrollTop = scroller.scrollHeight;
    sticks.current = true;
    setAtEnd(true);
  }, [scrollRef]);

  useEffect(() => {
    const scroller = scrollRef.current;
    const content = contentRef.current;
    if (scroller === null || content === null) return;
    const onScroll = () => {
      sticks.current = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_END_PX;
      setAtEnd(sticks.current);
    };
    const observer = new ResizeObserver(() => {
      if (sticks.current) scroller.scrollTop = scroller.scrollHeight;
    });
    observer.observe(content);
    observer.observe(scroller);
    scroller.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      scroller.removeEventListener("scroll", onScroll);
    };
  }, [scrollRef, contentRef]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the number of rows is the event.
  useLayoutEffect(goToEnd, [rowCount]);

  return { isAtEnd, goToEnd };
}
