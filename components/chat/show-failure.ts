import { showToast } from "@/components/ui/toast";
import { errorBody } from "@/lib/client/api-request";

/** For a `catch`: says what failed, why, and what to do. */
export const showFailure =
  (title: string) =>
  (error: unknown): void => {
    if (error instanceof DOMException && error.name === "AbortError") return;
    const { message, next } = errorBody(error);
    showToast({ title, description: next === undefined ? message : `${message} ${next}`, tone: "bad" });
  };
