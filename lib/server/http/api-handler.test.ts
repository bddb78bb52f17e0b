import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { errorCodes, errorResponseSchema } from "@/lib/schema/api-error";
import type { Endpoint } from "@/lib/schema/endpoint";
import { settingKeys, settingRows, settingsPatchSchema } from "@/lib/schema/settings/settings";
import { errorAnswer, errorTable } from "@/lib/server/system/error-table";
import { RequestError } from "@/lib/server/system/request-error";
import { createApiHandler } from "./api-handler";
import { createHttpServer } from "./http-server";
import { BODY_LIMIT_BYTES } from "./request-guard";
import { type Route, routeOver } from "./route";

const logged: string[] = [];
const services = {
  environment: { checkContract: true },
  access: { allowedHosts: [] as string[], token: null, apiKeys: { areRequired: false, find: () => null, begin() {} } },
  log: { failure: (what: string, error: unknown) => void logged.push(`${what}: ${error}`) },
};
const route = routeOver<typeof services>();
beforeEach(() => {
  logged.length = 0;
});

/** A server with these routes alone. */
async function serve(routes: readonly Route<typeof services>[]) {
  const http = createHttpServer({
    policy: services.access,
    handleApi: createApiHandler(routes, services),
    handlePage: async (_request, response) => void response.writeHead(404).end(),
    onError: () => {},
  });
  const { port } = await http.listen(0, "127.0.0.1");
  services.access.allowedHosts.push(`127.0.0.1:${port}`);
  return { url: `http://127.0.0.1:${port}`, close: () => http.close() };
}

/** The answer of a server that has this route alone. */
async function answerOf(
  served: Route<typeof services>,
  { path = served.endpoint.path as string, ...init }: RequestInit & { path?: string } = {},
): Promise<Response> {
  const server = await serve([served]);
  const response = await fetch(`${server.url}${path}`, { method: served.endpoint.method, ...init });
  const text = response.status === 204 || init.method === "HEAD" ? null : await response.text();
  await server.close();
  return new Response(text, response);
}

const JSON_BODY = { "content-type": "application/json" };

let reached: unknown[] = [];
const settingsEndpoint = {
  method: "POST",
  path: "/api/settings",
  body: settingsPatchSchema,
  reply: z.object({ ok: z.boolean() }),
} as const;
const settingsRoute = route(settingsEndpoint, ({ body }) => {
  reached.push(body);
  return { ok: true };
});
let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  server = await serve([settingsRoute]);
});
afterAll(() => server.close());

async function post(body: BodyInit, headers: Record<string, string> = JSON_BODY) {
  reached = [];
  const init = { method: "POST", body, headers, duplex: "half" };
  const response = await fetch(`${server.url}/api/settings`, init);
  const json: unknown = await response.json();
  const parsed = errorResponseSchema.safeParse(json);
  return { status: response.status, error: parsed.success ? parsed.data.error : null, headers: response.headers };
}

/** A body whose length is not stated in advance. */
const chunked = (text: string): ReadableStream<Uint8Array> => {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 65_536) controller.enqueue(bytes.slice(at, at + 65_536));
      controller.close();
    },
  });
};

/** Values that no number of the settings may have, as JSON text. */
const badNumbers = ["-3", "NaN", "1e309", "2147483648.5", "9007199254740993", '"5"', "null", "[]", "{}", "true"];

describe("A1 numbers", () => {
  const numeric = settingKeys.filter(key => ["number", "numberOrAuto"].includes(settingRows[key].control));

  it.each(numeric)("A1 %s takes no wrong number: 400, the field named, nothing reached", async key => {
    for (const text of badNumbers) {
      const { status, error } = await post(`{"${key}": ${text}}`);
      expect(status, text).toBe(400);
      expect(error?.code, text).toBe("INVALID_INPUT");
      if (text !== "NaN") expect(error?.message, text).toMatch(new RegExp(`^${key} must be `));
      expect(reached, text).toEqual([]);
    }
  });

  it.each(numeric)("A1 %s names its range", async key => {
    const { range } = settingRows[key] as { range: { min: number; max: number } };
    const { error } = await post(`{"${key}": 1e308}`);
    expect(error?.message).toMatch(/ from -?[\d.]+ to \d+/);
    expect(Number(/from (-?[\d.]+) to/.exec(error?.message ?? "")?.[1])).toBeLessThanOrEqual(range.min);
  });

  it("A1 the message says what may stand there and what did", async () => {
    expect((await post('{"N_CTX": -1}')).error?.message).toBe(
      "N_CTX must be a whole number from 1 to 16777216, not -1.",
    );
    expect((await post('{"LAYERS": "many"}')).error?.message).toBe(
      'LAYERS must be "auto" or a whole number from 0 to 1024, not "many".',
    );
    expect((await post('{"KV_CACHE_QUANT": "q5_1"}')).error?.message).toBe(
      'KV_CACHE_QUANT must be one of f16, q8_0, q4_0, f16/q8_0, f16/q4_0, q8_0/f16, q8_0/q4_0, q4_0/f16, q4_0/q8_0, not "q5_1".',
    );
    expect((await post('{"USE_MMAP": 1}')).error?.message).toBe("USE_MMAP must be true or false, not 1.");
    expect((await post('{"STOP": ["ok", 5]}')).error?.message).toBe(
      "STOP[1] must be text of 1 to 256 characters, not 5.",
    );
  });

  it("A2 unknown keys are refused by name, prototype keys too", async () => {
    for (const key of ["n_ctx", "gpuLayers", "__proto__", "constructor", "toString"]) {
      const { status, error } = await post(`{"N_CTX": 512, "${key}": {"x": 1}}`);
      expect(status).toBe(400);
      expect(error?.message).toBe(`There is no field "${key}".`);
    }
    expect(reached).toEqual([]);
  });
});

describe("bodies", () => {
  it.each([
    ["empty", ""],
    ["a space", " "],
    ["half", '{"N_CTX": 5'],
    ["two", "{}{}"],
    ["a byte-order mark", "\ufeff{}"],
    ["a comment", "{} // x"],
    ["a lone surrogate", '{"SYSTEM_PROMPT": "\\ud800"}'],
    ["a lone surrogate in a key", '{"\\udfff": 1}'],
    ["deep arrays", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["deep objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    ["an array", "[]"],
    ["a string", '"x"'],
    ["null", "null"],
  ])("A6 %s: 400", async (_name, text) => {
    expect(await post(text)).toMatchObject({ status: 400, error: { code: "INVALID_INPUT" } });
    expect(reached).toEqual([]);
  });

  it("A6 invalid UTF-8: 400", async () => {
    const bytes = Uint8Array.from([...new TextEncoder().encode('{"SYSTEM_PROMPT":"'), 0xff, 0x22, 0x7d]);
    expect(await post(bytes)).toMatchObject({ status: 400, error: { message: "The body is not valid UTF-8." } });
  });

  it("A6 a whole emoji is no lone surrogate, and brackets in text are no depth", async () => {
    expect(await post(JSON.stringify({ SYSTEM_PROMPT: `😀${"[{".repeat(100)}\\"` }))).toMatchObject({ status: 200 });
  });

  it("A5 a body without a length is counted: the limit passes, one byte more is 413", async () => {
    const limit = BODY_LIMIT_BYTES;
    const limited = route(
      { ...settingsEndpoint, body: z.string(), reply: z.object({ length: z.int() }) },
      ({ body }) => ({ length: body.length }),
    );
    const send = async (length: number) => {
      const body = chunked(JSON.stringify("x".repeat(length - 2)));
      const init = { method: "POST", headers: JSON_BODY, body, duplex: "half" };
      return (await answerOf(limited, init)).status;
    };
    expect(await send(limit - 1)).toBe(200);
    expect(await send(limit)).toBe(200);
    expect(await send(limit + 1)).toBe(413);
  });

  it("A6 no JSON text makes it fail with anything but 400", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async text => {
        const { status } = await post(text);
        expect([200, 400]).toContain(status);
        if (status === 200) expect(settingsPatchSchema.safeParse(reached[0]).success).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the guard", () => {
  it("S7 comes before every route, and before its body is read", async () => {
    expect(await post("{}", { ...JSON_BODY, origin: "https://evil.com" })).toMatchObject({ status: 403 });
    expect(await post("{}", { ...JSON_BODY, "sec-fetch-site": "cross-site" })).toMatchObject({ status: 403 });
    expect(await post("{}", { "content-type": "text/plain" })).toMatchObject({
      status: 415,
    });
    expect(reached).toEqual([]);
  });

  it("S10 nothing of the API is kept by caches", async () => {
    expect((await post("{}")).headers.get("cache-control")).toBe("no-store");
    expect((await post("x")).headers.get("cache-control")).toBe("no-store");
  });
});

describe("errors", () => {
  const failing = (error: unknown, path: Endpoint["path"] = "/api/x") =>
    answerOf(
      route({ method: "GET", path, errors: errorCodes }, () => {
        throw error;
      }),
    );

  it("each code has a status of its own kind", () => {
    for (const code of errorCodes) {
      const { status } = errorAnswer(new RequestError(code, "what happened"));
      expect(status).toBe(errorTable[code].status);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
  });

  it("an unexpected error tells the log everything and the client nothing", async () => {
    const response = await failing(new TypeError("secret at /home/me/file.ts:3"));
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toContain("secret");
    expect(text).not.toContain("file.ts");
    expect(JSON.parse(text)).toMatchObject({ error: { code: "INTERNAL", next: expect.any(String) } });
    expect(logged).toEqual(["GET /api/x: TypeError: secret at /home/me/file.ts:3"]);
  });

  it.each([
    ["ENOSPC", "DISK_FULL", 507],
    ["EROFS", "STORE_UNAVAILABLE", 503],
    ["EACCES", "STORE_UNAVAILABLE", 503],
  ])("P3 P4 %s of the file system becomes %s", async (systemCode, code, status) => {
    const error = Object.assign(new Error(`${systemCode}: /home/me/data`), { code: systemCode });
    const response = await failing(error);
    expect(response.status).toBe(status);
    const body = errorResponseSchema.parse(await response.json());
    expect(body.error.code).toBe(code);
    expect(body.error.message).not.toContain("/home");
  });

  it("an error of the engine's process is known by its code", async () => {
    class ErrorFromElsewhere extends Error {
      readonly code = "MODEL_NOT_FOUND";
    }
    expect((await failing(new ErrorFromElsewhere("no such model"))).status).toBe(404);
  });

  it.each([
    ["a full queue", "QUEUE_FULL", 429, "rate_limit_error", "rate_limit_error"],
    ["an engine that is not ready", "BUSY", 503, "server_error", "overloaded_error"],
    ["an engine that has failed", "ENGINE_FAILED", 503, "server_error", "overloaded_error"],
  ] as const)(
    "%s is answered with a status on which clients try again, and when",
    async (_title, code, status, openAi, anthropic) => {
      for (const path of ["/v1/x", "/v1/messages", "/api/x"] as const) {
        const response = await failing(new RequestError(code, "Not now."), path);
        expect(response.status).toBe(status);
        expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
        const { error } = await response.json();
        if (path === "/v1/x") expect(error).toMatchObject({ type: openAi, code });
        if (path === "/v1/messages") expect(error.type).toBe(anthropic);
        if (path === "/api/x") expect(error.code).toBe(code);
      }
    },
  );

  it("a limit of an API key says when it ends", async () => {
    const response = await failing(new RequestError("RATE_LIMITED", "Too many.", { retryAfterSeconds: 40 }));
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "40"]);
  });

  it("A10 OpenAI's clients get OpenAI's shape and their own code for a full context", async () => {
    const response = await failing(new RequestError("CONTEXT_EXCEEDED", "5000 tokens, 4096 fit."), "/v1/x");
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: {
        message: "5000 tokens, 4096 fit. Shorten the conversation or raise the context size.",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
      },
    });
  });
});

describe("paths and methods", () => {
  const named = route({ method: "GET", path: "/api/x/[id]", params: z.object({ id: z.string() }) }, input =>
    Response.json(input.params),
  );
  const rest = route({ method: "GET", path: "/v1/x/[...id]", params: z.object({ id: z.array(z.string()) }) }, input =>
    Response.json(input.params),
  );
  const listed = route({ method: "POST", path: "/api/x/all" }, () => Response.json("all"));

  it("a path's names are decoded, and a name that is no valid encoding means itself", async () => {
    expect(await (await answerOf(named, { path: "/api/x/a%20b" })).json()).toEqual({ id: "a b" });
    expect(await (await answerOf(named, { path: "/api/x/100%25/" })).json()).toEqual({ id: "100%" });
    expect(await (await answerOf(named, { path: "/api/x/5%" })).json()).toEqual({ id: "5%" });
    expect(await (await answerOf(rest, { path: "/v1/x/owner/a%20b.gguf" })).json()).toEqual({
      id: ["owner", "a b.gguf"],
    });
  });

  it("a path without names comes before one with names", async () => {
    const both = await serve([named, listed]);
    const status = async (method: string) => (await fetch(`${both.url}/api/x/all`, { method })).status;
    expect([await status("POST"), await status("GET")]).toEqual([200, 405]);
    await both.close();
  });

  it.each([
    ["GET", "/api/x/all", { error: { code: "INVALID_INPUT", message: "/api/x/all takes POST, not GET." } }],
    ["DELETE", "/api/x/all/?a=b", { error: { code: "INVALID_INPUT", message: "/api/x/all takes POST, not DELETE." } }],
  ])("%s %s is refused with the methods that there are", async (method, path, body) => {
    const response = await answerOf(listed, { method, path });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await response.json()).toEqual(body);
  });

  it("HEAD gets the headers of GET, also of a stream without an end", async () => {
    const stream = () => new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(9)) });
    const endless = route({ method: "GET", path: "/api/x" }, () => new Response(stream()));
    expect((await answerOf(endless, { method: "HEAD" })).status).toBe(200);
  });

  it("a path that does not exist is named, in the shape of its clients", async () => {
    for (const [path, type] of [
      ["/api/nothing", undefined],
      ["/v1", "invalid_request_error"],
      ["/v1/nothing/at/all", "invalid_request_error"],
    ] as const) {
      const response = await answerOf(listed, { path, method: "GET" });
      expect(response.status).toBe(404);
      const { error } = await response.json();
      expect(error).toMatchObject({
        message: expect.stringContaining(`There is no GET ${path}.`),
        ...(type && { type }),
      });
    }
  });
});

describe("the contract", () => {
  const answering = (reply: unknown, errors: Endpoint["errors"] = []) =>
    answerOf(
      route({ method: "GET", path: "/api/x", reply: z.object({ count: z.int() }), errors }, () => {
        if (reply instanceof Error) throw reply;
        return reply as { count: number };
      }),
    );

  it("lets no reply pass that the endpoint does not declare, outside of production", async () => {
    expect((await answering({ count: 3 })).status).toBe(200);
    expect((await answering({ count: "3" })).status).toBe(500);
    expect(logged.join()).toContain("The reply of GET /api/x is not what lib/schema/api.ts says");
  });

  it("tells the log of an error code that the endpoint does not declare", async () => {
    await answering(new RequestError("BUSY", "full"), ["BUSY"]);
    expect(logged).toEqual([]);
    expect((await answering(new RequestError("BUSY", "full"))).status).toBe(503);
    expect(logged).toEqual(["GET /api/x: Error: It does not declare BUSY."]);
  });
});
