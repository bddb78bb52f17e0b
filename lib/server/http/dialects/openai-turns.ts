import * as z from "zod";
import type { OpenAiContent, OpenAiMessage } from "@/lib/schema/clients/openai";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { takesPictures } from "@/lib/schema/live-events";
import { type Picture, readDataUrl } from "@/lib/schema/picture";
import type { ReadingEngine } from "./answer-request";
import { refuseInput, refusePart } from "./refuse-input";

/**
 * The text of a message. Several parts are joined as they are.
 *
 * @param where "messages[0].content"
 * @throws RequestError for a part that is not text, by its place and type
 */
function textOf(content: OpenAiContent | null | undefined, where: string): string {
  if (typeof content === "string") return content;
  return (content ?? [])
    .map(({ type, text }, index) => {
      if (type === "text" && text !== undefined) return text;
      const place = `${where}[${index}]`;
      return type === "text" ? refuseInput(`${place}: text has no text.`) : refusePart(type, place);
    })
    .join("");
}

const imagePartSchema = z.union([
  z.object({ image_url: z.object({ url: z.string() }) }).transform(({ image_url: { url } }) => url),
  z.object({ image_url: z.string() }).transform(({ image_url: url }) => url),
]);

/**
 * The pictures and the text of a user's message, for an engine that reads both.
 *
 * @throws RequestError for a part that is neither, by its place and type
 */
function seenContent(content: OpenAiContent, where: string): { content: string; pictures?: Picture[] } {
  if (typeof content === "string") return { content };
  const pictures = content.flatMap((part, index) => {
    if (part.type !== "image_url") return [];
    const url = imagePartSchema.safeParse(part).data ?? "";
    const picture = readDataUrl(url);
    return typeof picture === "string" ? refuseInput(`${where}[${index}]: image_url ${picture}.`) : [picture];
  });
  const texts = content.map(part => (part.type === "image_url" ? { type: "text", text: "" } : part));
  return { content: textOf(texts, where), ...(pictures.length > 0 && { pictures }) };
}

function turnOf(message: OpenAiMessage, where: string, engine: ReadingEngine): ChatTurn {
  if (message.role === "user" && takesPictures(engine))
    return { role: "user", ...seenContent(message.content, `${where}.content`) };
  const content = textOf(message.content, `${where}.content`);
  if (message.role === "tool") return { role: "tool", content, callId: message.tool_call_id };
  if (message.role !== "assistant") return { role: message.role === "user" ? "user" : "system", content };
  const toolCalls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: given } }) => ({
    id,
    name,
    arguments: typeof given === "string" ? given : JSON.stringify(given),
  }));
  const { reasoning_content: thought } = message;
  return { role: "assistant", content, ...(thought && { thought }), ...(toolCalls.length > 0 && { toolCalls }) };
}

/** A result without its call would be read as something that the user says. */
function refuseUnknownCalls(turns: readonly ChatTurn[]): void {
  const called = new Set<string>();
  turns.forEach((turn, index) => {
    if (turn.role === "assistant") for (const call of turn.toolCalls ?? []) called.add(call.id);
    if (turn.role === "tool" && !called.has(turn.callId))
      refuseInput(`messages[${index}].tool_call_id: no message before calls a tool with the id "${turn.callId}".`);
  });
}

/**
 * What was said, in the engine's words.
 *
 * @throws RequestError when there is nothing to answer
 */
export function turnsOf(messages: readonly OpenAiMessage[], engine: ReadingEngine): ChatTurn[] {
  const turns = answerable(seenTurns(messages, engine));
  refuseUnknownCalls(turns);
  const last = turns.at(-1);
  if (last?.role === "assistant" && last.toolCalls !== undefined)
    return refuseInput("The last message calls tools: their results must follow, as messages with the role tool.");
  if (last === undefined) return refuseInput("The messages have nothing to answer.");
  if (last.role === "assistant" && turns.at(-2)?.role === "assistant")
    return refuseInput("The messages end with two of the assistant's: only one can be continued.");
  return turns;
}

/** Chat templates show pictures only in what the user says: those in results of tools stand behind the results. */
function seenTurns(messages: readonly OpenAiMessage[], engine: ReadingEngine): ChatTurn[] {
  const turns: ChatTurn[] = [];
  let shown: Picture[] = [];
  const show = (): void => {
    if (shown.length > 0) turns.push({ role: "user", content: "", pictures: shown });
    shown = [];
  };
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    if (message.role === "tool" && takesPictures(engine)) {
      const { content, pictures = [] } = seenContent(message.content ?? "", `${where}.content`);
      turns.push({ role: "tool", content, callId: message.tool_call_id });
      shown.push(...pictures);
      continue;
    }
    const turn = turnOf(message, where, engine);
    if (turn.role === "user" && shown.length > 0) {
      turns.push({ ...turn, pictures: [...shown, ...(turn.pictures ?? [])] });
      shown = [];
    } else {
      show();
      turns.push(turn);
    }
  }
  show();
  return turns;
}

/**
 * Chat templates answer what the user says. Agents end with words of the system's too (the user has changed the mode), and other
 * programs with an empty answer, into which they write the new one.
 */
function answerable(turns: ChatTurn[]): ChatTurn[] {
  const last = turns.at(-1);
  if (last?.role === "assistant" && last.content === "" && last.toolCalls === undefined) return turns.slice(0, -1);
  return last?.role === "system" ? [...turns.slice(0, -1), { role: "user", content: last.content }] : turns;
}
