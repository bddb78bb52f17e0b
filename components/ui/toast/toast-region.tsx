"use client";
import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { usePathname } from "next/navigation";
import { useEffect, useRef } from "react";
import { useStore } from "@/lib/client/use-store";
import { buttonClass } from "../button";
import { type ToastMessage, toastStore } from "./toast";

const SHOWN_MS = 6000;
/** Long enough to read a sentence and its next step twice. */
const ERROR_SHOWN_MS = 15_000;

type ToastManager = ReturnType<typeof Toast.useToastManager<{ readonly about: string | undefined }>>;

function dismiss(manager: ToastManager, about: string | undefined): void {
  for (const { id, data } of manager.toasts) if (about !== undefined && data?.about === about) manager.close(id);
}

function show(manager: ToastManager, { title, description, action, about, tone = "plain" }: ToastMessage): void {
  dismiss(manager, about);
  const id = manager.add({
    title,
    description,
    data: { about },
    type: tone,
    timeout: tone === "bad" ? ERROR_SHOWN_MS : SHOWN_MS,
    priority: tone === "bad" ? "high" : "low",
    ...(action && {
      actionProps: {
        children: action.label,
        onClick: () => {
          manager.close(id);
          action.run();
        },
      },
    }),
  });
}

function ToastList() {
  const manager = Toast.useToastManager<{ readonly about: string | undefined }>();
  const waiting = useStore(toastStore, messages => messages);
  useEffect(() => {
    if (waiting.length === 0) return;
    for (const message of toastStore.get())
      if ("gone" in message) dismiss(manager, message.gone);
      else show(manager, message);
    toastStore.set([]);
  }, [manager, waiting]);
  const pathname = usePathname();
  const shownOn = useRef(pathname);
  useEffect(() => {
    if (shownOn.current === pathname) return;
    shownOn.current = pathname;
    for (const { id } of manager.toasts) manager.close(id);
  });
  return manager.toasts.map(toast => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className="rounded-card border border-line bg-raised shadow-pop transition-opacity duration-150 data-[type=bad]:border-bad data-ending-style:opacity-0 data-starting-style:opacity-0"
    >
      <Toast.Content className="flex items-start gap-3 py-2.5 pr-2 pl-4">
        <div className="min-w-0 flex-1 py-1">
          <Toast.Title className="font-semibold text-sm" />
          <Toast.Description className="text-ink-2 text-sm" />
        </div>
        {toast.actionProps && <Toast.Action className={buttonClass("plain", "sm")} />}
        <Toast.Close aria-label="Dismiss" className={buttonClass("quiet", "icon")}>
          <X aria-hidden size={16} />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ));
}

export default function ToastRegion() {
  return (
    <Toast.Provider>
      <Toast.Portal>
        <Toast.Viewport className="fixed inset-x-4 top-[calc(var(--header-height)+0.75rem)] z-50 flex flex-col gap-2 sm:left-auto sm:w-96">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}
