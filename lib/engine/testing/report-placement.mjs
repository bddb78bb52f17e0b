import { constants } from "node:os";
import { resolve } from "node:path";
import { GgufInsights, getLlama, readGgufFileInfo } from "node-llama-cpp";

/** Prints what a build of the placement addon does with a small model: node report-placement.mjs ADDON MODEL LAYERS PLACEMENT */
const [addonPath, modelPath, layers, placement] = process.argv.slice(2);
const opened = { exports: {} };
process.dlopen(opened, resolve(addonPath), constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL);
const { llamaRelease, sourceHash, setPlacement, lastReport, devices } = opened.exports;
const llama = await getLlama({ gpu: "auto", build: "never", skipDownload: true, logLevel: "error" });
const insights = await GgufInsights.from(await readGgufFileInfo(modelPath), llama);
const run = { gpuLayers: Number(layers), useMmap: false };
setPlacement(JSON.parse(placement));
await insights.estimateModelResourceRequirementsV2(run);
/** llama.cpp orders them by address. */
const sorted = ({ buffers, ...report }) => ({
  ...report,
  buffers: buffers.sort((one, other) => one.buffer.localeCompare(other.buffer)),
});
const model = sorted(lastReport());
await insights.estimateContextResourceRequirementsV2({
  contextSize: 1024,
  modelGpuLayers: run.gpuLayers,
  batchSize: 256,
  sequences: 1,
  useMmap: false,
});
const cards = devices().map(({ freeBytes, ...card }) => card);
console.log(JSON.stringify({ llamaRelease, sourceHash, cards, model, context: sorted(lastReport()) }));
process.exit(0);
