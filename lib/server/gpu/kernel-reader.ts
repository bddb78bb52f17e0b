import { realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { escapeLine } from "@/lib/server/system/escape-line";
import { systemTimers, type Timers } from "@/lib/server/system/timers";
import { CardNames } from "./card-names";
import { type CardsReading, cardMakers, type GpuCard, type GpuReader, pciAddress, vendorOf } from "./gpu-reader";
import { SmallFiles } from "./small-files";

/** The longest wait for files that the kernel answers from memory. While a card resets itself, reading one may hang. */
const READ_LIMIT_MS = 2_000;
/** "card0"; "card0-HDMI-A-1" is a socket of it. */
const CARD_FOLDER = /^card\d+$/;

/** One card's files, and what is the same for each maker. */
export interface KernelCard {
  readonly address: string | null;
  /** /sys/class/drm/card0 */
  readonly drm: SmallFiles;
  /** /sys/class/drm/card0/device */
  readonly device: SmallFiles;
  /** Its sensors, if the driver has any. @see Documentation/hwmon/sysfs-interface.rst */
  readonly sensors: SmallFiles | null;
  /** Switched off to save power. Reading its sensors would wake it. @see Documentation/ABI/testing/sysfs-devices-power */
  readonly isAsleep: boolean;
  /** What each maker reports in its own way is not known yet. */
  readonly base: GpuCard;
  readonly atMs: number;
}

interface KernelReaderOptions {
  readonly vendor: GpuReader["vendor"];
  /** "/", or a recorded tree. */
  readonly root: string;
  readonly readCard: (card: KernelCard) => Promise<GpuCard>;
  readonly timers?: Timers;
}

/**
 * One maker's cards as the Linux kernel shows them in /sys/class/drm: plain files, no program and no permission needed. A read takes
 * about a millisecond a card. Where there is no such folder, there are no such cards.
 */
export class KernelReader implements GpuReader {
  readonly vendor: GpuReader["vendor"];
  readonly #options: KernelReaderOptions;
  readonly #timers: Timers;
  readonly #names: CardNames;
  #pending: Promise<CardsReading> | null = null;
  #hasSeenCards = false;

  constructor(options: KernelReaderOptions) {
    this.vendor = options.vendor;
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#names = new CardNames(options.root);
  }

  /** A read that hangs is not begun again until it ends: each would take one of the few threads that read files. */
  async read(): Promise<CardsReading> {
    this.#pending ??= this.#readAll().finally(() => {
      this.#pending = null;
    });
    let cancel = (): void => {};
    const late = new Promise<CardsReading>(resolve => {
      cancel = this.#timers.after(READ_LIMIT_MS, () => resolve({ kind: "unknown", failure: "silent", said: "" }));
    });
    const reading = await Promise.race([this.#pending, late]);
    cancel();
    return reading;
  }

  watch(): () => void {
    return () => {};
  }

  close(): void {}

  async #readAll(): Promise<CardsReading> {
    const drm = new SmallFiles(join(this.#options.root, "sys/class/drm"));
    const folders = (await drm.names()).filter(name => CARD_FOLDER.test(name));
    const found = await Promise.all(folders.map(name => this.#card(drm.within(name))));
    const cards = found.filter(card => card !== null);
    this.#hasSeenCards ||= cards.length > 0;
    // Without any card ever there is nothing to read. A card that was here and is gone is a reading.
    if (!this.#hasSeenCards) return { kind: "unknown", failure: "missing", said: "" };
    return { kind: "read", cards, processes: [], atMs: this.#timers.nowMs() };
  }

  async #card(drm: SmallFiles): Promise<GpuCard | null> {
    const device = drm.within("device");
    const vendor = await device.text("vendor");
    const number = await device.text("device");
    if (vendor === null || number === null || vendorOf(vendor) !== this.vendor) return null;
    const address = pciAddress(await realpath(device.folder).then(basename, () => ""));
    const name = await this.#name(device, vendor, number);
    const base: GpuCard = {
      vendor: this.vendor,
      uuid: address ?? drm.folder,
      pciAddress: address,
      name: escapeLine(name),
      driverVersion: null,
      memory: null,
      takesSystemMemory: false,
      utilizationPercent: null,
      temperatureCelsius: null,
      powerWatts: null,
    };
    return this.#options.readCard({
      address,
      drm,
      device,
      sensors: await sensorsOf(device),
      isAsleep: (await device.text("power/runtime_status")) === "suspended",
      base,
      atMs: this.#timers.nowMs(),
    });
  }

  async #name(device: SmallFiles, vendor: string, number: string): Promise<string> {
    // Only some cards for servers have their name in themselves.
    const own = await device.text("product_name");
    if (own !== null) return own;
    const numbers = { vendor, device: number, revision: await device.text("revision") };
    const amd = this.vendor === "amd" ? await this.#names.amd(numbers) : null;
    if (amd !== null) return amd;
    return `${cardMakers[this.vendor].name} ${(await this.#names.pci(numbers)) ?? `graphics ${vendor.slice(2)}:${number.slice(2)}`}`;
  }
}

async function sensorsOf(device: SmallFiles): Promise<SmallFiles | null> {
  const sensors = device.within("hwmon");
  const first = (await sensors.names()).filter(name => /^hwmon\d+$/.test(name)).sort()[0];
  return first === undefined ? null : sensors.within(first);
}
