import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runChunkSchema, runStatusSchema } from "@/lib/schema/chat";
import { comparisonColumnSchema, comparisonEventSchema } from "@/lib/schema/comparison";
import { commandNames, engineCommands, ownMessageSchemas } from "@/lib/schema/engine-commands";
import { liveEventSchema } from "@/lib/schema/live-events";

/**
 * A kind of message that is never sent or never read is dead code that types and unused-export checks cannot find. Each kind in the
 * contracts must occur in the sources of a sender and in those of a receiver.
 */
function sourcesBelow(...folders: string[]): string {
  return folders
    .flatMap(folder => readdirSync(folder, { recursive: true, encoding: "utf8" }).map(path => join(folder, path)))
    .filter(path => /\.tsx?$/.test(path) && !/\.test\.ts|testing\//.test(path))
    .map(path => readFileSync(path, "utf8"))
    .join("\n");
}

const sends = (source: string, field: string, kind: string): boolean => source.includes(`${field}: "${kind}"`);
const reads = (source: string, field: string, kind: string): boolean =>
  [`case "${kind}"`, `${field} === "${kind}"`, `${field} !== "${kind}"`].some(text => source.includes(text));

const engine = sourcesBelow("lib/engine");
const server = sourcesBelow("lib/server");
const browser = sourcesBelow("lib/client", "components");

const kindsOf = (schemas: readonly { shape: { type: { def: { values: readonly unknown[] } } } }[]): string[] =>
  schemas.map(({ shape }) => String(shape.type.def.values[0]));

describe("the engine's contract", () => {
  it.each(commandNames)("%s is asked for by the server, done by the engine, and answered", name => {
    expect(server).toMatch(new RegExp(`#(?:ask|askAside|question|stream)\\(\\s*"${name}"`));
    expect(reads(engine, "type", name) || engine.includes(`JobCommand<"${name}">`)).toBe(true);
    const [answer] = kindsOf([engineCommands[name].answer]);
    expect(sends(engine, "type", answer ?? "")).toBe(true);
  });

  it.each(commandNames.flatMap(name => kindsOf(engineCommands[name].progress)))(
    "progress %s is sent and read",
    kind => {
      expect(sends(engine, "type", kind)).toBe(true);
      expect(reads(server, "type", kind)).toBe(true);
    },
  );

  it.each(kindsOf(ownMessageSchemas))("%s is sent by the engine and read by the server", kind => {
    expect(sends(engine, "type", kind)).toBe(true);
    expect(reads(server, "type", kind)).toBe(true);
  });

  it("cancel is sent by the server and read by the engine", () => {
    expect(sends(server, "type", "cancel")).toBe(true);
    expect(reads(engine, "type", "cancel")).toBe(true);
  });
});

describe("events and streams", () => {
  it.each(kindsOf(liveEventSchema.def.options))("the event %s is sent by the server and read by the page", kind => {
    expect(sends(server, "type", kind)).toBe(true);
    expect(reads(browser, "type", kind)).toBe(true);
  });

  const changes = liveEventSchema.def.options.flatMap(({ shape }) => ("what" in shape ? shape.what.options : []));
  it.each(changes)("a change of %s is published by the server and watched by the page", what => {
    expect(server).toContain(`["${what}", `);
    expect(browser).toMatch(new RegExp(`\\[[^\\]]*"${what}"[^\\]]*\\]`));
  });

  it.each(kindsOf(runChunkSchema.def.options))("the piece %s of an answer is sent and read", kind => {
    const [part, edge] = kind.split("-");
    const isOfPart = part === "text" || part === "reasoning";
    expect(sends(server, "type", kind) || (isOfPart && server.includes(`}-${edge}\``))).toBe(true);
    // The AI SDK's protocol frames text with these for other clients; our page reads the text between them.
    if (isOfPart && edge !== "delta") return;
    expect(reads(browser, "type", kind)).toBe(true);
  });

  it.each(runStatusSchema.def.options.flatMap(({ shape }) => shape.phase.def.values))(
    "the phase %s of an answer is told and shown",
    phase => {
      expect(sends(server, "phase", phase)).toBe(true);
      expect(reads(browser, "phase", phase)).toBe(true);
    },
  );

  it.each(comparisonEventSchema.def.options.flatMap(({ shape }) => shape.kind.def.values))(
    "the event %s of a comparison is sent and read",
    kind => {
      expect(sends(server, "kind", kind)).toBe(true);
      expect(reads(browser, "kind", kind)).toBe(true);
    },
  );

  it.each(comparisonColumnSchema.shape.state.def.options.flatMap(({ shape }) => shape.kind.def.values))(
    "the state %s of a compared model is told and shown",
    kind => {
      expect(sends(server, "kind", kind)).toBe(true);
      expect(reads(browser, "kind", kind)).toBe(true);
    },
  );

  it("finds a kind that has no sender or no receiver", () => {
    expect(sends(server, "type", "download")).toBe(false);
    expect(reads(browser, "type", "download")).toBe(false);
  });
});
