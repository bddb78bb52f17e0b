import { describe, expect, it } from "vitest";
import { isRemoteSource } from "@/lib/schema/models/model-source";
import { RemoteHeaderError } from "./remote-header-error";
import { parseRemoteSource } from "./remote-source";

const hub = "https://huggingface.co";
const addresses = (source: string, endpoint = hub): string[] =>
  parseRemoteSource(source, endpoint).map(url => url.href);

function refusal(source: string): RemoteHeaderError {
  try {
    parseRemoteSource(source, hub);
  } catch (error) {
    if (error instanceof RemoteHeaderError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

describe("a source", () => {
  it.each([
    ["hf:owner/repo/model.gguf", "https://huggingface.co/owner/repo/resolve/main/model.gguf"],
    ["hf:a/b.c-d_e@v2/folder/my model.gguf", "https://huggingface.co/a/b.c-d_e/resolve/v2/folder/my%20model.gguf"],
    ["https://huggingface.co/o/r/blob/main/q4/m.gguf", "https://huggingface.co/o/r/resolve/main/q4/m.gguf"],
    ["https://example.com/o/r/blob/main/m.gguf", "https://example.com/o/r/blob/main/m.gguf"],
    ["https://example.com/x.gguf?download=1", "https://example.com/x.gguf?download=1"],
  ])("%s leads to %s", (source, address) => {
    expect(addresses(source)).toEqual([address]);
    expect(isRemoteSource(source)).toBe(true);
  });

  it("goes to a mirror when one is named", () => {
    expect(addresses("hf:o/r/m.gguf", "http://mirror.lan:8080/hub")).toEqual([
      "http://mirror.lan:8080/hub/o/r/resolve/main/m.gguf",
    ]);
  });

  it("that is one part of a split stands for all parts", () => {
    expect(addresses("hf:o/r/q4/m-00002-of-00003.gguf")).toEqual(
      [1, 2, 3].map(part => `https://huggingface.co/o/r/resolve/main/q4/m-0000${part}-of-00003.gguf`),
    );
  });

  it("on this computer is none", () => {
    expect(["models/x.gguf", "/abs/x.gguf", "C:\\x.gguf", "https.gguf"].map(isRemoteSource)).toEqual(
      new Array(4).fill(false),
    );
  });

  it.each([
    "hf:owner/model.gguf",
    "hf:owner/repo",
    "hf:../repo/m.gguf",
    "hf:owner/../m.gguf",
    "hf:owner/repo/../../x.gguf",
    "hf:owner/repo/./x.gguf",
    "hf:owner/repo//x.gguf",
    "hf:owner/repo/..\\x.gguf",
    "hf:user@evil.example/repo/m.gguf",
    "hf:evil.example:443/repo/m.gguf",
    "hf:owner/repo@a@b/m.gguf",
    "hf:owner/repo@../m.gguf",
    "hf:https://evil.example/x/m.gguf",
    "hf:owner/repo/m.gguf\u0000.gguf",
    "hf:owner/repo/m.safetensors",
    "hf:owner/repo/m-00001-of-99999.gguf",
    "https://user:secret@example.com/m.gguf",
    "https://example.com/m.html",
    "https://",
    "ftp://example.com/m.gguf",
    `https://example.com/${"x".repeat(2048)}.gguf`,
  ])("%s is refused", source => {
    expect(refusal(source).code).toBe("INVALID_INPUT");
  });
});
