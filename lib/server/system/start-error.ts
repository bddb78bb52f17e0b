/** Why Headroom cannot start, as one sentence with the remedy: the person at the terminal sees it without a stack. */
export class StartError extends Error {
  override readonly name = "StartError";
}
