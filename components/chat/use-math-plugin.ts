"use client";
import { useEffect, useState } from "react";
import { hasMath } from "@/lib/client/chat-math";

type MathPlugin = typeof import("./markdown-math").mathPlugin;

let loaded: MathPlugin | undefined;

/** The typesetter for math, loaded for the first text that holds some. */
export function useMathPlugin(text: string): MathPlugin | undefined {
  const [plugin, setPlugin] = useState(() => loaded);
  const isNeeded = plugin === undefined && hasMath(text);
  useEffect(() => {
    if (!isNeeded) return;
    let isGone = false;
    import("./markdown-math").then(({ mathPlugin }) => {
      loaded = mathPlugin;
      if (!isGone) setPlugin(() => mathPlugin);
    });
    return () => {
      isGone = true;
    };
  }, [isNeeded]);
  return plugin;
}
