/** What a caught value says. Anything can be thrown. */
export const errorReason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
