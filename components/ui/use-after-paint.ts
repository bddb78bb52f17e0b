"use client";
import { useEffect } from "react";

/** The page stands, and the browser has nothing more urgent to fetch. */
const AFTER_PAINT_MS = 500;

/**
 * Does something once, soon after the page is there. For code that the first paint does not need, and that must be in the
 * browser before it is asked for: what is opened answers at once then, also when the server is gone.
 *
 * @param act the same function with each render
 */
export function useAfterPaint(act: () => void): void {
  useEffect(() => {
    const timer = setTimeout(act, AFTER_PAINT_MS);
    return () => clearTimeout(timer);
  }, [act]);
}
