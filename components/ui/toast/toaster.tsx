"use client";
import { lazy, Suspense, useCallback, useState } from "react";
import { useAfterPaint } from "../use-after-paint";

const ToastRegion = lazy(() => import("./toast-region"));

/** The only place where toasts appear; mounted by the layout. Toasts sent before it has loaded wait for it. */
export function Toaster() {
  const [isPainted, setPainted] = useState(false);
  useAfterPaint(useCallback(() => setPainted(true), []));
  return <Suspense>{isPainted && <ToastRegion />}</Suspense>;
}
