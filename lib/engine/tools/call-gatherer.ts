import { randomUUID } from "node:crypto";
import type { EngineMessage } from "@/lib/schema/engine-commands";
import { TextGatherer } from "../text-gatherer";
import type { CallPiece } from "./call-reader";

type CallMessage = Omit<Extract<EngineMessage, { type: "tool-call" }>, "type" | "id">;

/** Sends the calls of one answer in few pieces, like its text, and gives each call its id. */
export class CallGatherer {
  #current: { readonly index: number; readonly callId: string; readonly name: string } | null = null;
  readonly #pieces: TextGatherer;

  constructor(handOn: (message: CallMessage) => void) {
    this.#pieces = new TextGatherer(({ text }) => {
      if (this.#current !== null) handOn({ ...this.#current, arguments: text });
    });
  }

  add({ index, name, text }: CallPiece): void {
    if (this.#current?.index !== index) {
      this.flush();
      this.#current = { index, name, callId: `call_${randomUUID().replaceAll("-", "").slice(0, 24)}` };
    }
    this.#pieces.add({ text, tokens: 0, thought: false });
  }

  flush(): void {
    this.#pieces.flush();
  }
}
