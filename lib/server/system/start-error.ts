/** Why Headroom cannot start, as one sentence with the remedy. The person at the terminal sees no stack. */
export class StartError extends Error {
  override readonly name = "StartError";
}
