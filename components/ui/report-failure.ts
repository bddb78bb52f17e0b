import { showFailure } from "./show-failure";

/** Does this, and says in a toast why it did not work. */
export async function reportFailure(title: string, work: () => Promise<void>): Promise<void> {
  await work().catch(showFailure(title));
}
