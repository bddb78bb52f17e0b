import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EarlySamples, type NativeContext, type Sample } from "./early-samples";

const places = (...values: number[]) => Uint32Array.from(values);

/** A batch that is done when `end` is called. Notes what is asked of it, in order. */
class ScriptedContext implements NativeContext {
  readonly asked: string[] = [];
  end = (): void => {};
  #tokens = 0;

  addToBatch(_sequenceId: number, _firstPlace: number, tokens: Uint32Array, sampledAfter: Uint32Array): Uint32Array {
    const first = this.#tokens;
    this.#tokens += tokens.length;
    return sampledAfter.map(index => first + index);
  }
  decodeBatch(): Promise<void> {
    this.asked.push("batch");
    return new Promise(resolve => {
      this.end = resolve;
    });
  }
}

describe("sampling right behind a batch", () => {
  let context: ScriptedContext;

  const samplesOf = (...ids: number[]): Sample[] => {
    const samples = new EarlySamples(context);
    return ids.map(id =>
      samples.early(id, (inBatch, inSequence) => {
        context.asked.push(`sample ${id} at ${inBatch}, ${inSequence}`);
        return `token of ${id}`;
      }),
    );
  };

  beforeEach(() => {
    context = new ScriptedContext();
    vi.stubEnv("UV_THREADPOOL_SIZE", "1");
  });
  afterEach(() => void vi.unstubAllEnvs());

  it("is queued for each answer before the batch is done, and done once", async () => {
    const [first, second] = samplesOf(3, 5);
    context.addToBatch(3, 10, places(7), places(0));
    context.addToBatch(5, 20, places(7, 8, 9), places(2));
    const decoded = context.decodeBatch();
    expect(context.asked).toEqual(["batch", "sample 3 at 0, 10", "sample 5 at 3, 22"]);
    context.end();
    await decoded;
    expect(await first?.(0, 10)).toBe("token of 3");
    expect(await second?.(3, 22)).toBe("token of 5");
    expect(context.asked).toHaveLength(3);
  });

  it("waits for the end of a prompt that needs several batches", () => {
    const [sample] = samplesOf(0);
    context.addToBatch(0, 0, places(1, 2), places());
    void context.decodeBatch();
    context.addToBatch(0, 2, places(3), places(0));
    void context.decodeBatch();
    expect(context.asked).toEqual(["batch", "batch", "sample 0 at 2, 2"]);
    expect(sample).toBeDefined();
  });

  it("leaves an answer alone of which several tokens are sampled", async () => {
    const [sample] = samplesOf(0);
    context.addToBatch(0, 0, places(1, 2), places(0, 1));
    void context.decodeBatch();
    expect(context.asked).toEqual(["batch"]);
    expect(await sample?.(1, 1)).toBe("token of 0");
  });

  it("leaves the batch as it is where samples could run beside it", () => {
    vi.stubEnv("UV_THREADPOOL_SIZE", "4");
    samplesOf(0);
    context.addToBatch(0, 0, places(1), places(0));
    void context.decodeBatch();
    expect(context.asked).toEqual(["batch"]);
  });

  it("hands on a failure of the sampler only to the one who asks for the token", async () => {
    const sample = new EarlySamples(context).early(0, () => {
      throw new Error("no such grammar");
    });
    context.addToBatch(0, 0, places(1), places(0));
    expect(() => void context.decodeBatch()).not.toThrow();
    await expect(sample(0, 0)).rejects.toThrow("no such grammar");
  });
});
