import { getLlama, type Token } from "node-llama-cpp";
import { expect, it } from "vitest";
import { defaultModelPath } from "../testing/forked-engine";
import { WholeBatches } from "./whole-batches";

const ANSWERS = 4;
const ANSWER_TOKENS = 8;

it("answers written side by side put their tokens into the same batches", async () => {
  const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: 1 });
  const model = await llama.loadModel({ modelPath: defaultModelPath });
  const batches = new WholeBatches();
  const sizes: number[] = [];
  const { itemPrioritizationStrategy: share } = batches.batching;
  const context = await model.createContext({
    contextSize: 256,
    sequences: ANSWERS,
    threads: 1,
    batching: {
      itemPrioritizationStrategy(options) {
        sizes.push(options.items.length);
        return typeof share === "function" ? share(options) : [];
      },
    },
  });
  batches.watch(context);
  const write = async (prompt: readonly Token[]) => {
    let tokens = 0;
    for await (const _ of context.getSequence().evaluate([...prompt], { temperature: 0 })) {
      tokens += 1;
      if (tokens === ANSWER_TOKENS) return;
    }
  };
  await Promise.all(
    ["One.", "Two, and more.", "Three.", "A fourth one."].map(text =>
      write(model.tokenize(`${text} Once upon a time`)),
    ),
  );
  await llama.dispose();
  expect(sizes).toEqual(Array.from({ length: ANSWER_TOKENS }, () => ANSWERS));
});
