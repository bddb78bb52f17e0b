import { availableParallelism } from "node:os";
import { benchChatClient } from "./measure/chat-client";
import { benchChatEngine } from "./measure/chat-engine";
import { printTable } from "./measure/print-table";
import { startServer } from "./measure/start-server";

/** How fast a chat is: first token over many turns, stopping, and the page's cost in the browser. */
export async function benchChat({ json }: { readonly json: boolean }): Promise<void> {
  // With "auto" the engine would measure its thread speeds during this measurement.
  const settings = { N_CTX: 8192, MAX_TOKENS: 48, THREADS: availableParallelism() };
  const server = await startServer(settings, { HEADROOM_GPU: "off" });
  try {
    const figures = [...(await benchChatEngine(server.url)), ...(await benchChatClient(server.url))];
    if (json) console.log(JSON.stringify(figures));
    else
      printTable(
        ["chat", "measured", "goal", ""],
        figures.map(({ name, value, goal, met }) => [name, value, goal, met ? "met" : "missed"]),
      );
  } finally {
    await server.stop();
  }
}
