import { tokenize } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";

export const POST = route(tokenize, async ({ body, services }) => {
  const { tokens, pieces } = await services.host.tokenize({
    parts: [body.content].flat(),
    addSpecial: body.add_special,
    parseSpecial: body.parse_special,
    withPieces: body.with_pieces,
  });
  return { tokens: pieces === null ? tokens : tokens.map((id, index) => ({ id, piece: pieces[index] ?? "" })) };
});
