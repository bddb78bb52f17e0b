import type { Page } from "@playwright/test";
import * as z from "zod";

const eventSchema = z.object({
  name: z.string(),
  pid: z.int(),
  tid: z.int(),
  /** Microseconds of the thread's own computing time; time taken by other work on the machine is not included. */
  tdur: z.number().optional(),
});
const traceSchema = z.object({ traceEvents: z.array(eventSchema) });

/**
 * The longest task of the page's main thread while `action` runs: script, style, layout and paint together.
 *
 * @returns ms of computing time, so that a busy machine does not fail a fast page
 */
export async function longestTaskMs(page: Page, action: () => Promise<unknown>): Promise<number> {
  const browser = page.context().browser();
  if (browser === null) throw new Error("no browser to trace");
  await browser.startTracing(page, {
    categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"],
  });
  await action();
  const trace: unknown = JSON.parse((await browser.stopTracing()).toString());
  const events = traceSchema.parse(trace).traceEvents;
  // Input events are handled only on the main thread.
  const mainThread = events.find(event => event.name === "EventDispatch");
  const tasks = events.filter(
    ({ name, pid, tid }) => name === "RunTask" && pid === mainThread?.pid && tid === mainThread.tid,
  );
  if (tasks.length === 0) throw new Error("the trace holds no task of the page");
  return Math.max(...tasks.map(task => task.tdur ?? 0)) / 1000;
}
