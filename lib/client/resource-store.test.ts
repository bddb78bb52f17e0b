import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { createResource } from "./resource-store";

const answers: ((body: unknown, status?: number) => void)[] = [];

/** Answers of the server under the test's control: each call waits until the test gives its answer. */
vi.stubGlobal(
  "fetch",
  () =>
    new Promise<Response>(resolve =>
      answers.push((body, status = 200) => resolve(new Response(JSON.stringify(body), { status }))),
    ),
);

afterEach(() => answers.splice(0));

const readThing = {
  method: "GET",
  path: "/api/thing",
  does: "For this test.",
  reply: z.object({ value: z.number() }),
} as const;
const makeResource = () => createResource(readThing, () => ({}), []);

describe("createResource", () => {
  it("of two answers that cross, the one asked for last wins", async () => {
    const resource = makeResource();
    const [first, second] = [resource.refresh(), resource.refresh()];
    answers[1]?.({ value: 2 });
    answers[0]?.({ value: 1 });
    await Promise.all([first, second]);
    expect(resource.get().data).toEqual({ value: 2 });
  });

  it("an answer that is not the last one is asked for again while it is shown", async () => {
    const resource = createResource(
      readThing,
      () => ({}),
      [],
      () => () => {},
      ({ data }) => (data !== null && data.value < 3 ? 0 : null),
    );
    vi.stubGlobal("document", { addEventListener: () => {}, removeEventListener: () => {}, hidden: true });
    const leave = resource.subscribe(() => {});
    for (const value of [1, 2, 3]) {
      await vi.waitFor(() => expect(answers).toHaveLength(value));
      answers[value - 1]?.({ value });
      await vi.waitFor(() => expect(resource.get().data).toEqual({ value }));
    }
    expect(answers).toHaveLength(3);
    leave();
    const unseen = resource.refresh();
    answers[3]?.({ value: 1 });
    await unseen;
    await new Promise(resolve => setTimeout(resolve));
    expect(answers).toHaveLength(4);
  });

  it("the answer to a command is shown without another question, and an older answer does not replace it", async () => {
    const resource = makeResource();
    const refresh = resource.refresh();
    resource.take({ value: 2 });
    answers[0]?.({ value: 1 });
    await refresh;
    expect(resource.get()).toEqual({ data: { value: 2 }, error: null });
    expect(answers).toHaveLength(1);
  });

  it("a refusal is kept in the server's own words", async () => {
    const resource = makeResource();
    const refresh = resource.refresh();
    answers[0]?.(
      { error: { code: "MODEL_NOT_FOUND", message: "There is no such file.", next: "Choose another." } },
      404,
    );
    await refresh;
    expect(resource.get()).toEqual({
      data: null,
      error: { code: "MODEL_NOT_FOUND", message: "There is no such file.", next: "Choose another." },
    });
  });

  it("an answer of another shape is an error with a way out, not a crash", async () => {
    const resource = makeResource();
    const refresh = resource.refresh();
    answers[0]?.({ value: "two" });
    await refresh;
    expect(resource.get().error?.next).toMatch(/reload the page/);
  });
});
