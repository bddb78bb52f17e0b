import { randomUUID } from "node:crypto";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { learnOverhead, type OverheadDevice } from "@/lib/plan/learn-overhead";
import type { Overhead } from "@/lib/schema/gpu-memory";
import { type Receipt, receiptSchema } from "@/lib/schema/receipt";
import { writeFileAtomically } from "./write-file-atomically";

/** A receipt has about 1.3 KB. Past the limit the file is cut to the newest, so that it never grows without end. */
const MAX_RECEIPTS = 4000;
const KEPT_RECEIPTS = 2000;

/** What every load left behind, as JSON lines; a torn or foreign line is passed over. */
export class ReceiptStore {
  readonly #listeners = new Set<() => void>();
  #receipts: Promise<Receipt[]> | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {}

  async append(receipt: Omit<Receipt, "id">): Promise<Receipt> {
    const complete = { ...receipt, id: randomUUID() };
    (await this.#all()).push(complete);
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write(complete));
    await this.#writing;
    for (const listener of this.#listeners) listener();
    return complete;
  }

  /** Newest first. */
  async list(limit = 100): Promise<Receipt[]> {
    return (await this.#all()).slice(-limit).reverse();
  }

  /** All of them as JSON lines, oldest first. */
  async exportLines(): Promise<string> {
    return linesOf(await this.#all());
  }

  /** What to keep free beside llama.cpp's buffers on this device, as far as its loads have shown. */
  async overheadOf(device: OverheadDevice): Promise<Overhead> {
    return learnOverhead(await this.#all(), device);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #all(): Promise<Receipt[]> {
    this.#receipts ??= this.#read();
    return this.#receipts;
  }

  async #read(): Promise<Receipt[]> {
    const text = await readFile(this.path, "utf8").catch(() => "");
    const receipts = text.split("\n").flatMap(parseLine);
    const isTorn = text !== "" && !text.endsWith("\n");
    if (receipts.length <= MAX_RECEIPTS && !isTorn) return receipts;
    const kept = receipts.slice(-KEPT_RECEIPTS);
    // What cannot be tidied now (a full disk) is tidied at another start; receipts are read either way.
    await writeFileAtomically(this.path, linesOf(kept)).catch(() => {});
    return kept;
  }

  async #write(receipt: Receipt): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    await appendFile(this.path, linesOf([receipt]));
  }
}

const linesOf = (receipts: readonly Receipt[]): string =>
  receipts.map(receipt => `${JSON.stringify(receipt)}\n`).join("");

function parseLine(line: string): Receipt[] {
  try {
    const receipt = receiptSchema.safeParse(JSON.parse(line));
    return receipt.success ? [receipt.data] : [];
  } catch {
    return [];
  }
}
