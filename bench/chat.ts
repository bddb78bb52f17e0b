import { benchChatClient } from "./chat-client";
import { benchChatEngine } from "./chat-engine";
import { printTable } from "./print-table";
import { startServer } from "./start-server";

/** What a chat feels like: first token over many turns, stopping, and what the page costs the browser. */
export async function benchChat({ json }: { readonly json: boolean }): Promise<void> {
  const server = await startServer({ N_CTX: 8192, MAX_TOKENS: 48 }, { HEADROOM_GPU: "off" });
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
