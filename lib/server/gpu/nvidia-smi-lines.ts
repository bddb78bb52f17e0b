import { escapeLine } from "@/lib/server/system/escape-line";
import { mibToBytes } from "@/lib/units/bytes";
import { type CardProcess, type GpuCard, pciAddress, type ReadingFailure } from "./gpu-reader";

const GPU_FIELDS = [
  "pci.bus_id",
  "uuid",
  "name",
  "driver_version",
  "memory.total",
  "memory.used",
  "memory.free",
  "utilization.gpu",
  "temperature.gpu",
  "power.draw",
];
const FORMAT = "--format=csv,noheader,nounits";
/** Arguments for one line a card and second, and one line a process every two seconds. */
export const gpuQuery = [`--query-gpu=${GPU_FIELDS.join(",")}`, FORMAT, "-l", "1"];
export const processQuery = ["--query-compute-apps=gpu_uuid,pid,process_name,used_memory", FORMAT, "-l", "2"];

/** 8 TiB: larger than any card, and far below where arithmetic in bytes would lose precision. */
const MAX_MIB = 8 * 1024 * 1024;
/** Boards of the Jetson family omit the "GPU-". */
const UUID = /^(?:(?:GPU|MIG)-)?[0-9a-f/-]{8,}$/i;
/** "00000000:B3:00.0"; a chip on the board itself may have no address. */
const PCI_ADDRESS = /^(?:[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]|\[.*\])$/i;
const DRIVER_WORDS = /NVML|driver|GPU is lost|No devices were found|Insufficient Permissions/i;

/** "[N/A]", "[Not Supported]", "ERR!", "12,5" and everything else that is not a plain number count as unknown. */
function parseNumber(text: string | undefined, max: number): number | null {
  if (text === undefined || !/^\d+(?:\.\d+)?$/.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}

/** Megabytes are always whole; "8.192" is some language's way to write thousands. */
const parseMib = (text: string | undefined): number | null =>
  text !== undefined && /^\d+$/.test(text) ? parseNumber(text, MAX_MIB) : null;

function parseMemory(total: string | undefined, used: string | undefined, free: string | undefined): GpuCard["memory"] {
  const [totalMib, usedMib, freeMib] = [total, used, free].map(parseMib);
  if (!totalMib || usedMib == null || freeMib == null || usedMib + freeMib > totalMib) return null;
  return { totalBytes: mibToBytes(totalMib), usedBytes: mibToBytes(usedMib), freeBytes: mibToBytes(freeMib) };
}

/** The words for a card without memory of its own; an error ("ERR!", "[Unknown Error]") is something else. */
const isNotThere = (text: string | undefined): boolean => text === "[N/A]" || text === "[Not Supported]";

/** One line of the card query, or null for anything else. A card's name may hold a comma, so the name is what remains in the middle. */
export function parseGpuLine(line: string): GpuCard | null {
  const parts = line.split(",").map(part => part.trim());
  if (parts.length < GPU_FIELDS.length) return null;
  const [address, uuid, ...rest] = parts;
  const [driver, total, used, free, utilization, temperature, power] = rest.splice(-7);
  if ([total, used, free].every(text => text === "[GPU is lost]")) return null;
  if (address === undefined || !PCI_ADDRESS.test(address) || uuid === undefined || !UUID.test(uuid)) return null;
  // If the driver's version is not in its place, a decimal comma has shifted the fields.
  if (driver === undefined || !/^(?:\d+\.\d[\d.]*|\[.*\])$/.test(driver)) return null;
  return {
    vendor: "nvidia",
    uuid,
    pciAddress: pciAddress(address),
    name: escapeLine(rest.join(", ")),
    driverVersion: driver.startsWith("[") ? null : driver,
    memory: parseMemory(total, used, free),
    takesSystemMemory: isNotThere(total) && isNotThere(used) && isNotThere(free),
    utilizationPercent: parseNumber(utilization, 100),
    temperatureCelsius: parseNumber(temperature, 200),
    powerWatts: parseNumber(power, 5000),
  };
}

/**
 * "Unable to determine the device handle for GPU0000:01:00.0: GPU is lost." and "... GPU 0000:01:00.0: Unknown Error": then nothing is
 * printed of the other cards either.
 */
export const lostAddress = (said: string): string | null =>
  pciAddress(/device handle for GPU ?([0-9a-f:.]+): /i.exec(said)?.[1] ?? "");

/** "GPU-5a2c1f7e..., 1234, /usr/bin/python3, 2048"; null if the driver does not report it, as on Windows. */
export function parseProcessLine(line: string): CardProcess | null {
  const match = /^((?:(?:GPU|MIG)-)?[0-9a-f/-]{8,}),\s*(\d+),(.*),\s*(\d+)$/i.exec(line.trim());
  const [pid, usedMib] = [parseNumber(match?.[2], 2 ** 31), parseNumber(match?.[4], MAX_MIB)];
  if (match === null || pid === null || usedMib === null) return null;
  const name = escapeLine((match[3] ?? "").trim());
  return { cardUuid: match[1] ?? "", pid, name, usedBytes: mibToBytes(usedMib) };
}

export const failureIn = (said: string): ReadingFailure => (DRIVER_WORDS.test(said) ? "driver" : "unreadable");
