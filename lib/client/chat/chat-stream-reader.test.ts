import { expect, test } from "vitest";
import type { RunChunk } from "@/lib/schema/chat";
import { readRunChunks } from "./chat-stream-reader";

/** The bytes in pieces of `size`, cutting through lines and characters. */
const inPieces = (text: string, size: number): ReadableStream<Uint8Array> => {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
};

async function read(body: ReadableStream<Uint8Array>): Promise<RunChunk[]> {
  const chunks: RunChunk[] = [];
  for await (const chunk of readRunChunks(body)) chunks.push(chunk);
  return chunks;
}

const stream =
  'data: {"type":"start","messageId":"m1"}\n\n' +
  ": keep-alive\n\n" +
  'data: {"type":"text-delta","id":"t","delta":"Grüße 🌊\\n\\n"}\n\n' +
  'data: {"type":"something-newer","x":1}\n\n' +
  'data: {"type":"finish"}\n\n' +
  "data: [DONE]\n\n" +
  'data: {"type":"text-delta","id":"t","delta":"after the end"}\n\n';

test.each([1, 2, 3, 7, 1000])("is read the same in pieces of %i bytes", async size => {
  expect(await read(inPieces(stream, size))).toEqual([
    { type: "start", messageId: "m1" },
    { type: "text-delta", id: "t", delta: "Grüße 🌊\n\n" },
    { type: "finish" },
  ]);
});
