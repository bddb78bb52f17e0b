/** A line that never ends is no event, and would fill the memory. */
const MAX_PENDING_CHARACTERS = 16 * 1024 * 1024;

/** The data of one event's lines. Comments (a server's signs of life), names and ids are left out; null without any data. */
function dataOf(event: string): string | null {
  const lines = event.split("\n").filter(line => line.startsWith("data:"));
  return lines.length === 0 ? null : lines.map(line => line.slice(line[5] === " " ? 6 : 5)).join("\n");
}

/**
 * The data of each server-sent event. What the connection cut off before the event's empty line is not an event.
 *
 * @throws TypeError when the connection breaks, RangeError when an event is longer than anybody would send
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // A CR whose LF is in the next piece is joined with it then.
      const events = (rest + decoder.decode(value, { stream: true })).replaceAll("\r\n", "\n").split("\n\n");
      rest = events.pop() ?? "";
      if (rest.length > MAX_PENDING_CHARACTERS) throw new RangeError("A server-sent event does not end.");
      for (const event of events) {
        const data = dataOf(event);
        if (data !== null) yield data;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
