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

/** Names of devices by their numbers, from the lists that the system has. Each list is read once, when it is first needed. */
export class CardNames {
  readonly #texts = new Map<string, Promise<string>>();

  constructor(private readonly root: string) {}

  /** "AMD Radeon RX 7900 XTX"; null if AMD's list is not here or does not have it. */
  async amd({ device, revision }: DeviceNumbers): Promise<string | null> {
    if (revision === null) return null;
    const line = `^${digits(device)},\\s*${digits(revision)},\\s*(.+)$`;
    return this.#find(AMD_LISTS, new RegExp(line, "im"));
  }

  /** "Navi 31 [Radeon RX 7900 XT/7900 XTX/7900M]"; null if the list is not here or does not have it. */
  async pci({ vendor, device }: DeviceNumbers): Promise<string | null> {
    // A vendor's devices follow it, each behind a tab; the next vendor begins a line.
    const devices = `^${digits(vendor)} .*\\n(?:[\\t#].*\\n)*?\\t${digits(device)} +(.+)$`;
    return this.#find(PCI_LISTS, new RegExp(devices, "im"));
  }

  async #find(lists: readonly string[], pattern: RegExp): Promise<string | null> {
    for (const list of lists) {
      const found = pattern.exec(await this.#text(list))?.[1]?.trim();
      if (found) return found;
    }
    return null;
  }

  #text(list: string): Promise<string> {
    const text = this.#texts.get(list) ?? readFile(join(this.root, list), "utf8").catch(() => "");
    this.#texts.set(list, text);
    return text;
  }
}
