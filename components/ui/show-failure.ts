import { showToast } from "@/components/ui/toast";
import { errorText } from "@/lib/client/api-request";

/** For a `catch`: says what failed, why, and what to do. */
export const showFailure =
  (title: string) =>
  (error: unknown): void => {
    if (error instanceof DOMException && error.name === "AbortError") return;
    showToast({ title, description: errorText(error), tone: "bad" });
  };
