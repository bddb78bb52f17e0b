import { describe, expect, it } from "vitest";
import { listenProblem } from "./listen-problem";

describe("listenProblem", () => {
  const place = { host: "127.0.0.1", port: 3000 };

  it.each([
    ["EADDRINUSE", "linux", /Port 3000 is in use.*PORT=3001/],
    ["EADDRINUSE", "win32", /Port 3000 is in use.*PORT=3001/],
    ["EACCES", "linux", /needs more rights.*above 1023/],
    // Windows keeps ranges of high ports for virtual machines, and has no rule about those below 1024.
    ["EACCES", "win32", /Windows keeps port 3000 for something else.*set PORT to another, such as 4000/],
    ["EADDRNOTAVAIL", "linux", /cannot listen on 127\.0\.0\.1, port 3000 \(EADDRNOTAVAIL\)/],
  ] as const)("tells what %s means on %s", (code, platform, sentence) => {
    expect(listenProblem(Object.assign(new Error("listen"), { code }), place, platform)).toMatch(sentence);
  });
});
