import * as z from "zod";
import type { CommandAnswer, CommandParams } from "@/lib/schema/engine-commands";
import { askForJson, type ServerAddress, whoOf } from "./ask-server";
import { promptOf } from "./server-request";

/** What only the model that answers can tell. Each throws what its engine throws. */
export interface Vocabulary {
  tokenize(params: CommandParams<"tokenize">): Promise<Pick<CommandAnswer<"tokenize">, "tokens" | "pieces">>;
  detokenize(params: CommandParams<"detokenize">): Promise<Pick<CommandAnswer<"detokenize">, "text">>;
  render(params: CommandParams<"render">): Promise<Pick<CommandAnswer<"render">, "prompt">>;
}

const SILENCE_MS = 30_000;

const token = z.int().nonnegative();
const piecesSchema = z.object({
  tokens: z.array(z.object({ id: token, piece: z.union([z.string(), z.array(z.int())]) })),
});

/** The vocabulary of a llama.cpp server, which has the same addresses as ours. @throws OtherEngineError */
export function llamaVocabulary(server: ServerAddress): Vocabulary {
  const ask = <Schema extends z.ZodType>(path: string, body: object, schema: Schema) =>
    askForJson(server, path, { body, silenceMs: SILENCE_MS }, schema);
  return {
    async tokenize({ parts, addSpecial, parseSpecial, withPieces }) {
      const flags = { add_special: addSpecial, parse_special: parseSpecial, with_pieces: true };
      const { tokens } = await ask("/tokenize", { content: parts, ...flags }, piecesSchema);
      return { tokens: tokens.map(({ id }) => id), pieces: withPieces ? tokens.map(({ piece }) => piece) : null };
    },
    async detokenize({ tokens }) {
      const { content } = await ask("/detokenize", { tokens }, z.object({ content: z.string() }));
      return { text: content };
    },
    render: params =>
      ask("/apply-template", promptOf(params, "llama-server", whoOf(server)), z.object({ prompt: z.string() })),
  };
}
