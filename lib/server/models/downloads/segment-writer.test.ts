import type { FileHandle } from "node:fs/promises";
import { expect, test } from "vitest";
import { MIB } from "@/lib/units/bytes";
import type { Segment } from "./part-state";
import { SegmentWriter } from "./segment-writer";

/** A file whose writes end when the test says so. */
function slowFile() {
  const writes: { readonly atBytes: number; end(): void; fail(): void }[] = [];
  const file = {
    writev: (chunks: readonly Buffer[], atBytes: number) =>
      new Promise((resolve, reject) => {
        const bytesWritten = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
        writes.push({ atBytes, end: () => resolve({ bytesWritten }), fail: () => reject(new Error("ENOSPC")) });
      }),
  };
  return { file: file as unknown as FileHandle, writes };
}

const piece = Buffer.alloc(MIB);
const settled = () => new Promise(resolve => setImmediate(resolve));

async function begun(endBytes: number, pieces: number) {
  const { file, writes } = slowFile();
  const segment: Segment = { nextBytes: 0, endBytes };
  const told: number[] = [];
  const writer = new SegmentWriter(file, segment, bytes => told.push(bytes));
  for (let count = 0; count < pieces; count++) await writer.add(piece);
  return { writer, writes, segment, told };
}

test("a write that ends before an earlier one does not count until that one has ended", async () => {
  const { writer, writes, segment, told } = await begun(8 * MIB, 3);
  expect(writes.map(({ atBytes }) => atBytes)).toEqual([0, MIB, 2 * MIB]);
  writes[2]?.end();
  writes[1]?.end();
  await settled();
  expect([segment.nextBytes, told]).toEqual([0, []]);
  writes[0]?.end();
  await writer.finish();
  expect([segment.nextBytes, told]).toEqual([3 * MIB, [MIB, MIB, MIB]]);
});

test("after a write that failed nothing counts, and the next call meets its error", async () => {
  const { writer, writes, segment } = await begun(8 * MIB, 4);
  writes[0]?.end();
  writes[1]?.fail();
  writes[2]?.end();
  writes[3]?.end();
  await settled();
  expect(segment.nextBytes).toBe(MIB);
  await expect(writer.finish()).rejects.toThrow("ENOSPC");
});

test("at most four writes are on the way", async () => {
  const { writer, writes } = await begun(8 * MIB, 4);
  const fifth = writer.add(piece);
  await settled();
  expect(writes).toHaveLength(4);
  writes[0]?.end();
  await fifth;
  expect(writes).toHaveLength(5);
});

test("where another connection took over the end, only the bytes before it count", async () => {
  const { writer, writes, segment, told } = await begun(8 * MIB, 3);
  segment.endBytes = MIB + 5;
  for (const write of writes) write.end();
  await writer.add(piece);
  await writer.finish();
  expect([segment.nextBytes, told, writes.length]).toEqual([MIB + 5, [MIB, 5], 3]);
});
