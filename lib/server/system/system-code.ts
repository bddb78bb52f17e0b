/** The system's name for a failure: "ENOENT". Empty for an error without one. */
export const systemCodeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
