"use client";
import { useEffect } from "react";

/** The page is shown, and the browser has nothing more urgent to fetch. */
const AFTER_PAINT_MS = 500;

/**
 * Runs something once, soon after the page is there. It is for code that the first paint does not need but that must be in the
 * browser early: then a menu or dialog opens at once, even when the server is gone.
 *
 * @param act must be the same function in each render
 */
export function useAfterPaint(act: () => void): void {
  useEffect(() => {
    const timer = setTimeout(act, AFTER_PAINT_MS);
    return () => clearTimeout(timer);
  }, [act]);
}
