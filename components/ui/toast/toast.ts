import { createStore } from "@/lib/client/store";

export interface ToastMessage {
  readonly title: string;
  readonly description?: string;
  /** An undo, or the next step. */
  readonly action?: { readonly label: string; readonly run: () => void };
  /** What it is about: a newer one about the same takes its place. */
  readonly about?: string;
  /** Errors stay longer, and a toast under the pointer or with the focus stays. All disappear when the screen changes. */
  readonly tone?: "plain" | "bad";
}

/** What `dismissToast` asks for. */
interface Dismissal {
  readonly gone: string;
}

/** What has not been done yet, in order. */
export const toastStore = createStore<readonly (ToastMessage | Dismissal)[]>([]);

/** Shows a short message below the header, where it covers neither the composer nor Apply. May be called from anywhere in the browser. */
export const showToast = (message: ToastMessage): void => toastStore.update(waiting => [...waiting, message]);

/** Takes away a toast whose words or action no longer hold. */
export const dismissToast = (about: string): void => toastStore.update(waiting => [...waiting, { gone: about }]);
