const DAY_MS = 86_400_000;

const startOfDay = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);

/** "today 10:42", "yesterday 18:03", "12 Mar 09:30" in the reader's own time. */
export function formatWhen(atMs: number): string {
  const time = new Date(atMs).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const days = Math.round((startOfDay(Date.now()) - startOfDay(atMs)) / DAY_MS);
  if (days === 0) return `today ${time}`;
  if (days === 1) return `yesterday ${time}`;
  return `${new Date(atMs).toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
}
