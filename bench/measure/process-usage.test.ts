import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { MIB } from "@/lib/units/bytes";
import { usageOfTree } from "./process-usage";

describe("usageOfTree", () => {
  it("counts the time and memory of a child's child, whatever its name", async context => {
    context.skip(process.platform !== "linux", "this system has no /proc");
    // The grandchild computes for 0.3 s of its own time, however long that takes, and then waits; its parent does nothing.
    const busy = "while (process.cpuUsage().user < 300_000); console.log('done'); setInterval(() => {}, 1e6)";
    const script = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(busy)}, "a) b ("], { stdio: "inherit" })`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"], detached: true });
    try {
      await once(child.stdout, "data");
      const tree = usageOfTree(child.pid ?? 0);
      expect(tree.map(({ pid }) => pid)).toContain(child.pid);
      const grandchild = tree.find(({ command }) => command.endsWith("a) b ("));
      expect(grandchild?.cpuMs).toBeGreaterThanOrEqual(200);
      expect(grandchild?.rssBytes).toBeGreaterThan(10 * MIB);
    } finally {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    }
  });
});
