import { describe, expect, it } from "vitest";
import { makeSparse } from "./make-sparse";

describe("makeSparse", () => {
  const callsOn = async (platform: NodeJS.Platform, succeeds: boolean) => {
    const calls: string[][] = [];
    await makeSparse("models/a.part", {
      platform,
      systemFolder: "C:/Windows",
      run: async (program, args) => {
        calls.push([program.replaceAll("\\", "/"), ...args]);
        return succeeds;
      },
    });
    return calls;
  };

  it.each(["linux", "darwin"] as const)("does nothing on %s, where every file may have gaps", async platform => {
    expect(await callsOn(platform, true)).toEqual([]);
  });

  it.each([true, false])("marks the file on Windows, and goes on if the disk cannot: %s", async succeeds => {
    expect(await callsOn("win32", succeeds)).toEqual([
      ["C:/Windows/System32/fsutil.exe", "sparse", "setflag", "models/a.part"],
    ]);
  });
});
