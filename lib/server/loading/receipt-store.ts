import { randomUUID } from "node:crypto";
import { withAnswer } from "@/lib/plan/speed/receipt-speed";
import type { GenerationStats } from "@/lib/schema/generation";
import { type Receipt, receiptSchema } from "@/lib/schema/plans/receipt";
import { JsonLinesFile } from "@/lib/server/system/json-lines-file";
import { Listeners } from "@/lib/server/system/listeners";
import { replaceFile } from "@/lib/server/system/replace-file";

/** A receipt has about 1.3 KB and they are all kept in memory. Past the limit the file is cut to the newest half. */
const MAX_RECEIPTS = 1000;

/** The receipts of all loads: predicted against actual. */
export class ReceiptStore {
  readonly #file: JsonLinesFile<typeof receiptSchema>;
  readonly #listeners = new Listeners();
  #receipts: Receipt[] | null = null;

  constructor(private readonly path: string) {
    this.#file = new JsonLinesFile(path, receiptSchema);
  }

  /** Oldest first. */
  all(): readonly Receipt[] {
    return this.#known();
  }

  /** Newest first. */
  list(limit = 100): Receipt[] {
    return this.#known().slice(-limit).reverse();
  }

  async append(receipt: Omit<Receipt, "id">): Promise<Receipt> {
    const complete = { ...receipt, id: randomUUID() };
    this.#known().push(complete);
    this.#listeners.notify();
    await this.#file.append(complete);
    return complete;
  }

  /** The speed of the newest load, known from its answers that are long enough to be timed. */
  async noteAnswer(stats: GenerationStats): Promise<void> {
    const receipts = this.#known();
    const newest = receipts.at(-1);
    const timed = newest && withAnswer(newest, stats);
    if (!timed) return;
    const complete = { ...timed, tokensPerSecond: timed.speed?.decode?.tokensPerSecond ?? null };
    receipts[receipts.length - 1] = complete;
    this.#listeners.notify();
    await this.#file.append(complete);
  }

  readonly subscribe = this.#listeners.subscribe;

  #known(): Receipt[] {
    this.#receipts ??= this.#readAndTidy();
    return this.#receipts;
  }

  #readAndTidy(): Receipt[] {
    // A receipt whose speed became known later is in the file twice: the later line counts.
    const receipts = [...new Map(this.#file.readSync().map(receipt => [receipt.id, receipt])).values()];
    if (receipts.length <= MAX_RECEIPTS) return receipts;
    const newest = receipts.slice(-MAX_RECEIPTS / 2);
    replaceFile(this.path, newest.map(receipt => `${JSON.stringify(receipt)}\n`).join(""));
    return newest;
  }
}
