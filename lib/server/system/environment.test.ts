import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readEnvironment } from "./environment";
import { StartError } from "./start-error";

const TOKEN = "0123456789abcdef";
const open = { HOST: "0.0.0.0", HEADROOM_TOKEN: TOKEN, HEADROOM_ALLOWED_HOSTS: "chat.example.com, 192.168.1.5:3000" };

const problemOf = (env: Record<string, string>): string => {
  try {
    readEnvironment(env, "/app");
  } catch (error) {
    if (error instanceof StartError) return error.message;
  }
  return "";
};

describe("the environment", () => {
  it("answers on loopback only when nothing is set", () => {
    const { host, port, token, allowedHosts } = readEnvironment({}, "/app");
    expect({ host, port, token }).toEqual({ host: "127.0.0.1", port: 3000, token: null });
    expect(allowedHosts).toEqual(["127.0.0.1:3000", "[::1]:3000", "localhost:3000"]);
  });

  it("takes an empty variable for a missing one", () => {
    expect(readEnvironment({ PORT: "", HOST: "", HEADROOM_TOKEN: "", HEADROOM_HOME: "" }, "/app")).toEqual(
      readEnvironment({}, "/app"),
    );
  });

  it("knows the home folder by ~, where no shell wrote it out", () => {
    expect(readEnvironment({ HEADROOM_HOME: "~/headroom", HEADROOM_MODELS_DIR: "~" }, "/app")).toMatchObject({
      homeFolder: join(homedir(), "headroom"),
      modelsFolder: homedir(),
    });
    expect(readEnvironment({ HEADROOM_MODELS_DIR: "~models" }, "/app").modelsFolder).toBe("/app/~models");
  });

  it("keeps settings, data and models below the project unless told otherwise", () => {
    expect(readEnvironment({}, "/app")).toMatchObject({
      homeFolder: "/app",
      dataFolder: "/app/data",
      modelsFolder: "/app/models",
      enginePath: "/app/dist/engine.mjs",
    });
    expect(readEnvironment({ HEADROOM_HOME: "/home", HEADROOM_MODELS_DIR: "gguf" }, "/app")).toMatchObject({
      dataFolder: "/home/data",
      modelsFolder: "/app/gguf",
    });
  });

  it("S1 a listed name counts as it is said: bare behind a proxy, and with our port", () => {
    expect(readEnvironment(open, "/app").allowedHosts).toEqual(
      expect.arrayContaining(["chat.example.com", "chat.example.com:3000", "192.168.1.5:3000"]),
    );
  });

  it.each(["0.0.0.0", "::", "192.168.1.5", "example.com", "127.0.0.1.nip.io"])(
    "S8 HOST=%s without token and host list is one sentence and no server",
    HOST => {
      for (const given of [{}, { HEADROOM_TOKEN: TOKEN }, { HEADROOM_ALLOWED_HOSTS: "a.example" }]) {
        const message = problemOf({ HOST, ...given });
        expect(message).toContain("HEADROOM_TOKEN");
        expect(message).not.toContain("\n");
      }
    },
  );

  it.each(["HEADROOM_ALLOWED_HOSTS", "HEADROOM_PROXY"])(
    "S8 %s on loopback lets others in, so it needs a token",
    name => {
      const value = { HEADROOM_ALLOWED_HOSTS: "chat.example.com", HEADROOM_PROXY: "127.0.0.1" }[name] ?? "";
      expect(problemOf({ [name]: value })).toContain("HEADROOM_TOKEN");
      expect(readEnvironment({ [name]: value, HEADROOM_TOKEN: TOKEN }, "/app").host).toBe("127.0.0.1");
    },
  );

  it("a proxy is named by its address", () => {
    const given = { HEADROOM_TOKEN: TOKEN, HEADROOM_PROXY: "127.0.0.1, ::1" };
    expect(readEnvironment(given, "/app").trustedProxies).toEqual(["127.0.0.1", "::1"]);
    expect(problemOf({ ...given, HEADROOM_PROXY: "proxy.local" })).toContain('"proxy.local"');
  });

  it("S8 with both it may start", () => {
    expect(readEnvironment(open, "/app")).toMatchObject({ host: "0.0.0.0", token: TOKEN });
  });

  it("S16 a token that is too short is refused without being repeated", () => {
    const message = problemOf({ ...open, HEADROOM_TOKEN: "hunter2" });
    expect(message).toContain("HEADROOM_TOKEN");
    expect(message).not.toContain("hunter2");
  });

  it.each([
    ["PORT", "0"],
    ["PORT", "65536"],
    ["PORT", "http"],
    ["HEADROOM_GPU", "rocm"],
    ["LOG_LEVEL", "loud"],
    ["HF_ENDPOINT", "ftp://x"],
    ["HF_ENDPOINT", "huggingface.co"],
  ])("%s=%s is named", (name, value) => {
    expect(problemOf({ [name]: value })).toContain(name);
  });
});
