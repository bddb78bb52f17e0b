import { describe, expect, it } from "vitest";
import { parseRemoteAddress } from "./remote-address";

const hub = "https://huggingface.co";
const repository = (owner: string, name: string, quantization: string | null = null, revision = "main") => ({
  kind: "repository",
  owner,
  repository: name,
  revision,
  quantization,
});

describe("an address that somebody pasted", () => {
  it.each([
    ["owner/repo", repository("owner", "repo")],
    ["  bartowski/Qwen2.5-7B-Instruct-GGUF \n", repository("bartowski", "Qwen2.5-7B-Instruct-GGUF")],
    ["owner/repo:Q4_K_M", repository("owner", "repo", "Q4_K_M")],
    ["hf:owner/repo", repository("owner", "repo")],
    ["hf.co/owner/repo:Q4_K_M", repository("owner", "repo", "Q4_K_M")],
    ["huggingface.co/owner/repo", repository("owner", "repo")],
    ["https://huggingface.co/owner/repo", repository("owner", "repo")],
    ["https://huggingface.co/owner/repo/", repository("owner", "repo")],
    ["https://huggingface.co/owner/repo/tree/main", repository("owner", "repo")],
    ["https://hf.co/owner/repo/tree/v2/folder", repository("owner", "repo", null, "v2")],
    ["https://huggingface.co/owner/repo?library=llama-cpp#x", repository("owner", "repo")],
    ["ollama run hf.co/owner/repo:Q8_0", repository("owner", "repo", "Q8_0")],
    ["llama-server -hf owner/repo:Q8_0", repository("owner", "repo", "Q8_0")],
    ["llama-cli --jinja -hf owner/repo:Q8_0", repository("owner", "repo", "Q8_0")],
    ["hf:owner/repo/m.gguf", { kind: "file", source: "hf:owner/repo/m.gguf" }],
    ["owner/repo/q4/m.gguf", { kind: "file", source: "hf:owner/repo/q4/m.gguf" }],
    ["hf:owner/repo@v2/m.gguf", { kind: "file", source: "hf:owner/repo@v2/m.gguf" }],
    [
      "https://huggingface.co/owner/repo/blob/main/my%20model.gguf",
      { kind: "file", source: "hf:owner/repo/my model.gguf" },
    ],
    [
      "https://huggingface.co/owner/repo/resolve/main/m.gguf?download=true",
      { kind: "file", source: "hf:owner/repo/m.gguf" },
    ],
    ["https://huggingface.co/owner/repo/resolve/v2/q4/m.gguf", { kind: "file", source: "hf:owner/repo@v2/q4/m.gguf" }],
    [
      "https://huggingface.co/owner/repo?show_file_info=m.Q4_K_M.gguf",
      { kind: "file", source: "hf:owner/repo/m.Q4_K_M.gguf" },
    ],
    ["https://example.com/x.gguf?download=1", { kind: "file", source: "https://example.com/x.gguf?download=1" }],
  ])("%s", (text, address) => {
    expect(parseRemoteAddress(text, hub)).toEqual(address);
  });

  it("leads to a mirror with a path of its own", () => {
    expect(parseRemoteAddress("http://mirror.lan/hub/owner/repo/tree/main", "http://mirror.lan/hub")).toEqual(
      repository("owner", "repo"),
    );
  });

  it.each([
    ["mistral", /^"mistral" is no address of a model/],
    ["~/models/x.gguf", /^"~\/models\/x\.gguf" is no address of a model/],
    ["https://huggingface.co/models", /is not of the form owner\/repo/],
    ["https://huggingface.co/owner/repo/blob/main/README.md", /^"README\.md" is no GGUF file/],
    ["hf:../repo", /is not of the form owner\/repo/],
  ])("%s is told apart", (text, message) => {
    expect(() => parseRemoteAddress(text, hub)).toThrow(message);
  });
});
