import { showToast } from "@/components/ui/toast";
import { errorBody } from "@/lib/client/api-request";

/** Does this, and says in a toast why it did not work. */
export async function reportFailure(title: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { message, next } = errorBody(error);
    showToast({ title, description: next === undefined ? message : `${message} ${next}`, tone: "bad" });
  }
}
