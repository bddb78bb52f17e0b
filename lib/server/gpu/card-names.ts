import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Where Linux systems keep the list of all PCI devices. @see https://pci-ids.ucw.cz */
const PCI_LISTS = ["usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"];
/** AMD's own list, by device and revision: "744C,\tC8,\tAMD Radeon RX 7900 XTX". Mesa and ROCm take their device names from it. */
const AMD_LISTS = ["usr/share/libdrm/amdgpu.ids", "opt/amdgpu/share/libdrm/amdgpu.ids"];

/** The numbers by which a list of names knows a device, as sysfs shows them: "0x744c". */
interface DeviceNumbers {
  readonly vendor: string;
  readonly device: string;
  readonly revision: string | null;
}

const digits = (number: string): string => number.replace(/^0x/i, "").toLowerCase();

/** The device's name in a list of all devices: a vendor begins a line, each of its devices is behind a tab, and its boards behind two. */
function nameInPciList(list: string, { vendor, device }: DeviceNumbers): string | null {
  const from = list.indexOf(`\n${digits(vendor)}  `);
  if (from === -1) return null;
  const next = /\n[^\t\n#]/g;
  next.lastIndex = from + 1;
  const devices = list.slice(from, next.exec(list)?.index);
  return new RegExp(`^\\t${digits(device)} +(.+)$`, "m").exec(devices)?.[1]?.trim() ?? null;
}

function nameInAmdList(list: string, { device, revision }: DeviceNumbers): string | null {
  if (revision === null) return null;
  return new RegExp(`^${digits(device)},\\s*${digits(revision)},\\s*(.+)$`, "im").exec(list)?.[1]?.trim() ?? null;
}

/** Names of devices by their numbers, from the lists that the system has. Each name is looked up once. */
export class CardNames {
  readonly #found = new Map<string, Promise<string | null>>();

  constructor(private readonly root: string) {}

  /** "AMD Radeon RX 7900 XTX"; null if AMD's list is not here or does not have it. */
  amd(numbers: DeviceNumbers): Promise<string | null> {
    return this.#once("amd", numbers, () => this.#find(AMD_LISTS, list => nameInAmdList(list, numbers)));
  }

  /** "Navi 31 [Radeon RX 7900 XT/7900 XTX/7900M]"; null if the list is not here or does not have it. */
  pci(numbers: DeviceNumbers): Promise<string | null> {
    return this.#once("pci", numbers, () => this.#find(PCI_LISTS, list => nameInPciList(list, numbers)));
  }

  #once(list: string, { vendor, device, revision }: DeviceNumbers, find: () => Promise<string | null>) {
    const key = `${list} ${vendor} ${device} ${revision}`;
    const found = this.#found.get(key) ?? find();
    this.#found.set(key, found);
    return found;
  }

  async #find(paths: readonly string[], nameIn: (list: string) => string | null): Promise<string | null> {
    for (const path of paths) {
      const found = nameIn(await readFile(join(this.root, path), "utf8").catch(() => ""));
      if (found !== null) return found;
    }
    return null;
  }
}
