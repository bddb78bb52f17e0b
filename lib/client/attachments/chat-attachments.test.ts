import { describe, expect, it } from "vitest";
import type { AnsweringEngine } from "@/lib/schema/engines/answering-engine";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { liveStore } from "../live-store";
import { readAttachment } from "./chat-attachments";

const fileOf = (base64: string, name: string, type: string): File =>
  new File([Uint8Array.from(Buffer.from(base64, "base64"))], name, { type });

const engineWith = (other: AnsweringEngine): EngineSnapshot => ({
  state: "loaded",
  generation: 1,
  info: null,
  modelName: other.model,
  config: null,
  totalLayers: null,
  held: null,
  hasChatTemplate: true,
  flashAttentionActive: null,
  progress: null,
  error: null,
  notice: null,
  answering: 0,
  queueLength: 0,
  loadWaits: false,
  restarts: 0,
  other,
});

describe("readAttachment", () => {
  /** Media types as Chrome gives them by the ending. */
  it.each([
    ["index.ts", "video/mp2t", "export const a = 1;\n"],
    ["index.mts", "video/mp2t", "export const b = 2;\n"],
    ["logo.svg", "image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"/>\n'],
    ["list.m3u8", "audio/x-mpegurl", "#EXTM3U\n"],
    ["BMW.txt", "text/plain", "BMW was founded in 1916.\n"],
    ["notes.pdf", "application/pdf", "no PDF, in spite of its name\n"],
  ])("takes %s (%s) for the text that it is", async (name, type, text) => {
    const file = new File([text], name, { type });
    expect(await readAttachment(file)).toEqual({ name, mediaType: "text/plain", fileBytes: file.size, text });
  });

  it("says which encoding was taken", async () => {
    // "Größe: höchstens 12 €" in Windows-1252.
    const file = fileOf("R3L232U6IGj2Y2hzdGVucyAxMiCA", "size.csv", "text/csv");
    expect(await readAttachment(file)).toMatchObject({ text: "Größe: höchstens 12 €", encoding: "windows-1252" });
  });

  /** Smallest files of their kind, written by Python's zipfile, zlib and struct; names and types may lie. */
  it.each([
    [
      "photo.txt",
      "text/plain",
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
      "photo.txt is a picture (PNG), and the built-in engine reads text only: choose llama-server or a server that reads pictures, under Models, Engines.",
    ],
    [
      "notes.zip",
      "application/zip",
      "UEsDBBQAAAAIAAAAIViGphA2BwAAAAUAAAAJAAAAbm90ZXMudHh0y0jNyckHAFBLAQIUAxQAAAAIAAAAIViGphA2BwAAAAUAAAAJAAAAAAAAAAAAAACAAQAAAABub3Rlcy50eHRQSwUGAAAAAAEAAQA3AAAALgAAAAAA",
      "notes.zip is an archive (ZIP), not text. Unpack it and attach the text files in it.",
    ],
    [
      "letter",
      "",
      "UEsDBBQAAAAIAAAAIVjGEnoHrAAAAPEAAAATAAAAW0NvbnRlbnRfVHlwZXNdLnhtbF2Puw7CMAxFf6XKihoXBgaUlIEdGPgBK3HbiOahJBT4exKQOjBax/dcWxxfdm4Wisl4J9mWd+zYi9s7UGoKcUmyKedwAEhqIouJ+0CukMFHi7mMcYSA6o4jwa7r9qC8y+Rym6uD9eJS5NFoaq4Y8xktSQZPHzVorx62bPJiY83pF6vNkmEIs1GYy02wOP3X2fphMIrWfLWF6BWlZNxoZ74Si8Ztqh56Ad+n+g9QSwMEFAAAAAgAAAAhWN1ahg0PAAAADQAAABEAAAB3b3JkL2RvY3VtZW50LnhtbLMpt0rJTy7NTc0r0bcDAFBLAQIUAxQAAAAIAAAAIVjGEnoHrAAAAPEAAAATAAAAAAAAAAAAAACAAQAAAABbQ29udGVudF9UeXBlc10ueG1sUEsBAhQDFAAAAAgAAAAhWN1ahg0PAAAADQAAABEAAAAAAAAAAAAAAIAB3QAAAHdvcmQvZG9jdW1lbnQueG1sUEsFBgAAAAACAAIAgAAAABsBAAAAAA==",
      "letter is a Word document (DOCX), not text. Save it as PDF or as text and attach that.",
    ],
    [
      "clip.ts",
      "video/mp2t",
      "AAAAGGZ0eXBpc29tAAACAGlzb21pc28yAAAACG1kYXQ=",
      "clip.ts is a film (MP4), not text. The model reads text only.",
    ],
    [
      "song.mp3",
      "audio/mpeg",
      "SUQzBAAAAAAAAP/7kGQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
      "song.mp3 is sound (MP3), not text. The model reads text only.",
    ],
    [
      "tiny.gguf",
      "",
      "R0dVRgMAAAAAAAAAAAAAAAAAAAAAAAAA",
      "tiny.gguf is a model (GGUF), not text. Models are opened on the Models page.",
    ],
    [
      "data.bin",
      "",
      "AJ+Slg==",
      "data.bin is not a text file: its bytes are text in no known encoding. Text, Markdown, code, CSV and PDF can be attached.",
    ],
    ["nothing.txt", "text/plain", "", "nothing.txt is empty."],
    ["blank.txt", "text/plain", "IAoJCg==", "blank.txt holds no text."],
  ])("refuses %s (%s) by what is in it", async (name, type, base64, sentence) => {
    await expect(readAttachment(fileOf(base64, name, type))).rejects.toThrow(sentence);
  });

  it("takes a picture while an engine answers that reads pictures, by its bytes and not by its name", async () => {
    const base64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
    const file = fileOf(base64, "photo.txt", "text/plain");
    const before = liveStore.get();
    const other = {
      engineId: "1",
      engineName: "box",
      kind: "llama-server" as const,
      address: "http://box",
      model: "eye",
      contextTokens: 4096,
      load: null,
    };
    liveStore.set({ ...before, engine: engineWith({ ...other, takesPictures: true }) });
    expect(await readAttachment(file)).toEqual({
      name: "photo.txt",
      mediaType: "image/png",
      fileBytes: file.size,
      text: "",
      data: base64,
    });
    liveStore.set({ ...before, engine: engineWith({ ...other, takesPictures: false }) });
    await expect(readAttachment(file)).rejects.toThrow("box does not say that eye reads pictures");
    liveStore.set(before);
  });

  it("refuses more text than a message may hold, with both counts", async () => {
    const file = new File(["a".repeat(4_000_001)], "log.txt");
    await expect(readAttachment(file)).rejects.toThrow(
      "log.txt has 4,000,001 characters of text; at most 4,000,000 can be attached.",
    );
  });
});
