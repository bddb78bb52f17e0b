import { afterEach, expect, it, vi } from "vitest";
import { sessionStore } from "./chat-session";
import { loadAndOpenChat } from "./load-and-open-chat";

afterEach(() => vi.unstubAllGlobals());

it("opens an empty chat while the model is still loading", async () => {
  const sent: unknown[] = [];
  const stillLoading = new Promise<Response>(() => {});
  vi.stubGlobal("fetch", (address: string, init: RequestInit) => {
    sent.push([init.method, address, init.body]);
    return stillLoading;
  });
  const visited: string[] = [];
  void loadAndOpenChat("small.gguf", path => visited.push(path));
  expect(visited).toEqual(["/"]);
  expect(sessionStore.get()).toMatchObject({ phase: "new", messages: [] });
  await vi.waitFor(() =>
    expect(sent).toEqual([["PATCH", "/api/settings?scope=all", JSON.stringify({ MODEL: "small.gguf" })]]),
  );
});
