import { findRepositories } from "@/lib/schema/api/models";
import type { ErrorBody } from "@/lib/schema/api-error";
import type { HubSearchAnswer, HubSort } from "@/lib/schema/models/remote-models";
import { apiRequest, errorBody } from "../api-request";
import { createStore } from "../store";
import { useStore } from "../use-store";

interface HubSearchState {
  readonly words: string;
  readonly sort: HubSort;
  readonly isAsking: boolean;
  readonly answer: HubSearchAnswer | null;
  readonly error: ErrorBody | null;
}

/** Stays while other tabs and screens are shown. */
const hubSearchStore = createStore<HubSearchState>({
  words: "",
  sort: "trending",
  isAsking: false,
  answer: null,
  error: null,
});

export const useHubSearch = (): HubSearchState => useStore(hubSearchStore, state => state);

const NAMES_A_FILE = /\.gguf|\/[^/]*:/i;

/** The name of a repository shows its files, even if there is only one; the address of a file leads to its plan. */
export function answerTo(words: string, answer: HubSearchAnswer): HubSearchAnswer {
  if (answer.kind !== "file" || NAMES_A_FILE.test(words)) return answer;
  const [, name] = /^hf:([^/]+\/[^/]+)\//.exec(answer.source) ?? [];
  return name === undefined ? answer : { kind: "repository", name, files: [] };
}

let newest = 0;

/** Asks the hub, through the server. Where the hub asks to wait, it waits and asks again, unless something else is asked meanwhile. */
export async function runHubSearch(words: string, sort: HubSort): Promise<HubSearchAnswer | null> {
  const question = ++newest;
  hubSearchStore.update(state => ({ ...state, words, sort, isAsking: true, error: null }));
  try {
    const answer = answerTo(words, await apiRequest(findRepositories, { query: { words, sort } }));
    if (question !== newest) return null;
    hubSearchStore.update(state => ({ ...state, answer, isAsking: false }));
    if (answer.kind !== "wait") return answer;
    await new Promise(resolve => setTimeout(resolve, answer.seconds * 1000));
    return question === newest ? await runHubSearch(words, sort) : null;
  } catch (error) {
    if (question === newest)
      hubSearchStore.update(state => ({ ...state, answer: null, isAsking: false, error: errorBody(error) }));
    return null;
  }
}
