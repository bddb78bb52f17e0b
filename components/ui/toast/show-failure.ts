import { errorText } from "@/lib/client/api-request";
import { showToast } from "./toast";

/** For a `catch`: says what failed, why, and what to do. */
export const showFailure =
  (title: string) =>
  (error: unknown): void => {
    if (error instanceof DOMException && error.name === "AbortError") return;
    showToast({ title, description: errorText(error), tone: "bad" });
  };

/** Does this, and says in a toast why it did not work. */
export async function reportFailure(title: string, work: () => Promise<unknown>): Promise<void> {
  await work().catch(showFailure(title));
}
