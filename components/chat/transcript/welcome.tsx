"use client";
import Link from "next/link";
import { useEffect, useState } from "react";
import { focusComposer } from "@/components/chat/composer/composer-field";
import { Button, buttonClass } from "@/components/ui/button";
import { useLive } from "@/lib/client/live-store";
import type { EngineSnapshot, Telemetry } from "@/lib/schema/live-events";
import { DEFAULT_MODEL } from "@/lib/schema/settings";
import { formatGib } from "@/lib/units/bytes";

const SEEN_KEY = "headroom.welcome-seen";

function cardWords({ gpu, memory }: Telemetry): string {
  const card = gpu.memory ? `${gpu.memory.name} with ${formatGib(gpu.memory.totalBytes)}` : "no usable graphics card";
  if (gpu.memory || gpu.reason === null) return `Found: ${card}, and ${formatGib(memory.totalBytes)} of system memory.`;
  return `Found: ${formatGib(memory.totalBytes)} of system memory. ${gpu.reason}`;
}

function planWords({ modelName, config, totalLayers }: EngineSnapshot): string | null {
  if (config === null) return null;
  const place =
    config.gpuLayers === 0 ? "runs on the CPU" : `has ${config.gpuLayers} of ${totalLayers ?? "?"} layers on the card`;
  return `${modelName ?? "The model"} is loaded and ${place}.`;
}

/** For the first minute: what this computer has, and where to find a better model that it could run. */
export function Welcome() {
  const telemetry = useLive(state => state.telemetry);
  const engine = useLive(state => state.engine);
  const [isShown, setShown] = useState(false);
  useEffect(() => setShown(localStorage.getItem(SEEN_KEY) === null), []);
  // Rendered all at once: a growing card would move the buttons that the user is about to press.
  if (!isShown || telemetry === null || engine === null) return null;
  const close = () => {
    localStorage.setItem(SEEN_KEY, "1");
    setShown(false);
    focusComposer();
  };
  return (
    <section aria-label="Welcome" className="card flex flex-col gap-2 p-4">
      <h2 className="font-semibold">Welcome to Headroom</h2>
      <p className="text-ink-2">Everything here runs on your computer. {cardWords(telemetry)}</p>
      <p className="text-ink-2">
        {planWords(engine)}{" "}
        {engine.modelName === DEFAULT_MODEL &&
          "It comes with Headroom and is very small: good for a first try, not for facts. Models shows larger ones that run well here."}
      </p>
      <div className="mt-1 flex flex-wrap gap-2">
        <Link href="/models" prefetch={false} className={buttonClass("primary")}>
          See what runs well here
        </Link>
        <Button look="quiet" onClick={close}>
          Start with this one
        </Button>
      </div>
    </section>
  );
}
