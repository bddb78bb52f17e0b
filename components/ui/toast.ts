import { createStore } from "@/lib/client/store";

export interface ToastMessage {
  readonly title: string;
  readonly description?: string;
  /** A way back, or the next step. */
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Errors stay longer; what is pointed at or focused stays. All go with the screen they came on. */
  readonly tone?: "plain" | "bad";
}

/** What is still to be shown. */
export const toastStore = createStore<readonly ToastMessage[]>([]);

/** Shows a short message below the header, where it covers neither the composer nor Apply. May be called from anywhere in the browser. */
export const showToast = (message: ToastMessage): void => toastStore.update(waiting => [...waiting, message]);
