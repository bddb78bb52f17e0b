import type { OtherEngines } from "@/lib/server/engine/other/other-engines";
import { Listeners } from "@/lib/server/system/listeners";
import { systemTimers } from "@/lib/server/system/timers";
import { LlamaServerEngine, type LlamaServerEngineOptions } from "./llama-server-engine";

const READ_INTERVAL_MS = 2_000;

/** The llama-server that Headroom runs. It runs only while it is the chosen engine. */
export class ChosenLlamaServer {
  readonly #listeners = new Listeners(() => {
    void this.#readLoad();
    return () => this.#cancelReading();
  });
  #path: string | null = null;
  #engine: LlamaServerEngine | null = null;
  #cancelReading = (): void => {};

  constructor(
    private readonly engines: Pick<OtherEngines, "chosenProgram" | "saved">,
    private readonly options: Omit<LlamaServerEngineOptions, "path" | "onChange">,
  ) {
    engines.saved.subscribe(() => this.#follow());
    this.#follow();
  }

  get answering(): LlamaServerEngine | null {
    return this.#engine;
  }

  /** Reports changes of its state. While anyone listens, it is asked for its load. */
  readonly subscribe = this.#listeners.subscribe;

  async shutdown(): Promise<void> {
    this.#cancelReading();
    await this.#engine?.stop();
  }

  #follow(): void {
    const path = this.engines.chosenProgram;
    if (path === this.#path) return;
    this.#path = path;
    void this.#engine?.stop();
    this.#engine =
      path === null ? null : new LlamaServerEngine({ ...this.options, path, onChange: this.#listeners.notify });
  }

  async #readLoad(): Promise<void> {
    this.#cancelReading();
    await this.#engine?.refresh();
    if (this.#listeners.isEmpty) return;
    this.#cancelReading();
    this.#cancelReading = systemTimers.after(READ_INTERVAL_MS, () => void this.#readLoad());
  }
}
