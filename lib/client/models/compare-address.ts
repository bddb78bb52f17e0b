/** The models page with these models side by side. */
export const compareAddress = (models: readonly string[]): string =>
  `/models?${new URLSearchParams([["tab", "compare"], ...models.map((model): [string, string] => ["model", model])])}`;
