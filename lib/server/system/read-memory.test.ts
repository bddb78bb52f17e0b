import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { GIB, MIB } from "@/lib/units/bytes";
import { readMemory } from "./read-memory";

const HELD_MIB = 300;
const program = `const held = Buffer.alloc(${HELD_MIB} * 1024 * 1024, 1); console.log("here"); setInterval(() => held.length, 1e6);`;

it("tells what a process would give back, without the files that it has mapped", async context => {
  context.skip(process.platform !== "linux", "this system has no /proc");
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(child.stdout, "data");
    const heldBytes = readMemory(child.pid ?? null).heldByEngineBytes ?? 0;
    expect(heldBytes).toBeGreaterThan(HELD_MIB * MIB);
    expect(heldBytes).toBeLessThan(HELD_MIB * MIB + GIB / 4);
    // Node.js itself is a mapped file of some 90 MiB: in the resident size, and not given back.
    const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024;
    expect(heldBytes).toBeLessThan(resident - 20 * MIB);
  } finally {
    child.kill("SIGKILL");
  }
});

it("nothing is held while no engine runs, and a process that is gone is not known", () => {
  expect(readMemory(null).heldByEngineBytes).toBe(0);
  expect(readMemory(2 ** 30).heldByEngineBytes).toBeUndefined();
});
