/** "0.4 s", "38 s", "3 min 20 s": for waiting times, only as precise as is useful. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, durationMs) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}

/** "about 40 s", "about 3 min": for times that were not measured yet. Rounded, because they are not exact. */
export function formatEstimate(durationMs: number): string {
  const seconds = Math.max(1, durationMs / 1000);
  if (seconds < 10) return `about ${Math.round(seconds)} s`;
  if (seconds < 90) return `about ${Math.round(seconds / 5) * 5} s`;
  return `about ${Math.round(seconds / 60)} min`;
}
