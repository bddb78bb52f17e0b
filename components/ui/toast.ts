import { createStore } from "@/lib/client/store";

export interface ToastMessage {
  readonly title: string;
  readonly description?: string;
  /** An undo, or the next step. */
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Errors stay longer, and a toast under the pointer or with the focus stays. All disappear when the screen changes. */
  readonly tone?: "plain" | "bad";
}

/** Toasts that have not been shown yet. */
export const toastStore = createStore<readonly ToastMessage[]>([]);

/** Shows a short message below the header, where it covers neither the composer nor Apply. May be called from anywhere in the browser. */
export const showToast = (message: ToastMessage): void => toastStore.update(waiting => [...waiting, message]);
