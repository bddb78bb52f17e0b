import { applyTemplate } from "@/lib/schema/api/llama-server";
import {
  cancelVerification,
  readModelDetails,
  readModelLayers,
  readVerification,
  searchHeader,
  startVerification,
} from "@/lib/schema/api/model-details";
import type { Verification } from "@/lib/schema/models/model-details";
import { type ApiInput, apiRequest } from "../api-request";
import type { ChangeKind } from "../live-store";
import type { ResourceState } from "../resource-store";
import { useReading } from "../use-reading";

/** While a file is read, its progress is asked for this often. */
const PROGRESS_MS = 500;

const planChanges: readonly ChangeKind[] = ["models", "settings", "surface", "receipts"];
const fileChanges: readonly ChangeKind[] = ["models"];

/** The address of a model's own page. */
export const modelAddress = (name: string): string => `/models/details?name=${encodeURIComponent(name)}`;

export const useModelDetails = (name: string) => useReading(readModelDetails, { query: { name } }, planChanges);

export const useModelLayers = (query: ApiInput<typeof readModelLayers>["query"]) =>
  useReading(readModelLayers, { query }, planChanges);

export const useHeaderKeys = (name: string, words: string, from: number) =>
  useReading(searchHeader, { query: { name, words, from } }, fileChanges);

const EXAMPLE = {
  body: {
    messages: [
      { role: "system", content: "You are a helpful assistant." },
      { role: "user", content: "What is the capital of France?" },
      { role: "assistant", content: "Paris." },
      { role: "user", content: "And of Italy?" },
    ],
  },
} satisfies ApiInput<typeof applyTemplate>;

/** A short conversation in the template of the loaded model. */
export const useRenderedExample = () => useReading(applyTemplate, EXAMPLE, []);

const whileRunning = ({ data }: ResourceState<Verification>): number | null =>
  data?.state === "running" ? PROGRESS_MS : null;

/** The check of a file's sha256: its state, followed while it runs, and the ways to begin and to end it. */
export function useVerification(name: string) {
  const { data, error, refresh } = useReading(readVerification, { query: { name } }, fileChanges, whileRunning);
  const steer = async (endpoint: typeof startVerification | typeof cancelVerification) => {
    await apiRequest(endpoint, { body: { name } });
    await refresh();
  };
  return { data, error, start: () => steer(startVerification), cancel: () => steer(cancelVerification) };
}
