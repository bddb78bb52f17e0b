/** Binary units. Every size in Headroom is an integer number of bytes; only formatting and the command line divide. */
export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
/** Of a number of 32 bits. */
export const F32_BYTES = 4;

export const mibToBytes = (mib: number): number => Math.round(mib * MIB);
export const bytesToMib = (bytes: number): number => bytes / MIB;
export const bytesToGib = (bytes: number): number => bytes / GIB;

/** "2.39 GiB": two decimals, for figures that people compare. */
export const formatGib = (bytes: number): string => `${bytesToGib(bytes).toFixed(2)} GiB`;

/** "5,188.2 MiB": one decimal, for numbers that must add up. */
export const formatMib = (bytes: number, decimals = 1): string =>
  `${bytesToMib(bytes).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })} MiB`;

/** The unit that keeps two to four digits: "512 B", "37 MiB", "4.07 GiB". */
export function formatBytes(bytes: number): string {
  const magnitude = Math.abs(bytes);
  if (magnitude < KIB) return `${Math.round(bytes)} B`;
  if (magnitude < MIB) return `${Math.round(bytes / KIB)} KiB`;
  if (magnitude < GIB) return `${Math.round(bytes / MIB)} MiB`;
  return formatGib(bytes);
}

/** "305 MiB of 23.54 GiB", "4.43 of 23.54 GiB": a part and its whole. */
export function formatPartOf(partBytes: number, totalBytes: number): string {
  const [part, total] = [formatBytes(partBytes), formatBytes(totalBytes)];
  const [unit = ""] = / \w+$/.exec(total) ?? [];
  return `${part.endsWith(unit) ? part.slice(0, -unit.length) : part} of ${total}`;
}
