import { open } from "node:fs/promises";
import { MetadataFields } from "@/lib/gguf/profile/metadata-fields";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import type { Settings } from "@/lib/schema/settings/settings";
import { errorAnswer } from "@/lib/server/system/error-table";
import { readGgufHeader } from "./gguf-file";
import type { ModelFiles } from "./model-files";

/** @see llama.cpp common/speculative.cpp SPEC_VOCAB_MAX_SIZE_DIFFERENCE */
const MOST_FURTHER_TOKENS = 128;
/** @see llama.cpp common/speculative.cpp SPEC_VOCAB_CHECK_START_TOKEN_ID: tunings of a model rename them */
const UNCOMPARED_TOKENS = 5;
const LENGTH_BYTES = 8;
/** A draft that is not much smaller gains nothing. */
const MOST_OF_MODEL = 1 / 4;

export interface ProfiledModel {
  readonly path: string;
  readonly profile: ModelProfile;
}

export type Library = Pick<ModelFiles, "listModels" | "resolveModel" | "readProfile">;

interface WithVocabulary {
  readonly path: string;
  readonly profile: Pick<ModelProfile, "tokenizerModel" | "vocabularySize">;
}

/** What a DRAFT_MODEL means for a model. A wrong one is `unfit`; one that is not there, or cannot be read, is `missing`. */
type ChosenDraft =
  | { readonly kind: "none" }
  | { readonly kind: "found"; readonly draft: ProfiledModel }
  | { readonly kind: "unfit"; readonly problem: string }
  | { readonly kind: "missing"; readonly problem: string };

export async function chooseDraftModel(
  model: ProfiledModel,
  { MODEL, DRAFT_MODEL, SPECULATION }: Pick<Settings, "MODEL" | "DRAFT_MODEL" | "SPECULATION">,
  models: Library,
): Promise<ChosenDraft> {
  if (DRAFT_MODEL === "" || SPECULATION === "off") return { kind: "none" };
  if (DRAFT_MODEL === "auto") {
    for await (const draft of fittingDrafts(model, models)) return { kind: "found", draft };
    return { kind: "none" };
  }
  try {
    const path = await models.resolveModel(DRAFT_MODEL);
    const draft = { path, profile: await models.readProfile(path) };
    if (await hasSameVocabulary(model, draft)) return { kind: "found", draft };
    const problem = `${DRAFT_MODEL} has another vocabulary than ${MODEL} and cannot draft for it: set DRAFT_MODEL to a smaller model of the same family, or to "auto".`;
    return { kind: "unfit", problem };
  } catch (error) {
    return {
      kind: "missing",
      problem: `The draft model ${DRAFT_MODEL} cannot be used: ${errorAnswer(error).body.message}`,
    };
  }
}

/** Models of the library that have the model's vocabulary and are much smaller, the smallest first. */
export async function* fittingDrafts(
  model: ProfiledModel,
  models: Library,
): AsyncGenerator<ProfiledModel & { name: string }> {
  const listed = await models.listModels();
  const smaller = listed
    .filter(
      ({ fileBytes, profile }) => profile?.role === "text" && fileBytes <= MOST_OF_MODEL * model.profile.fileBytes,
    )
    .sort((one, other) => one.fileBytes - other.fileBytes);
  for (const { name } of smaller) {
    const path = await models.resolveModel(name);
    const draft = { name, path, profile: await models.readProfile(path) };
    if (await hasSameVocabulary(model, draft)) yield draft;
  }
}

/**
 * Whether llama.cpp lets one draft for the other: the same kind of vocabulary, start and end, and the same tokens but for the first five
 * and a few at the end.
 */
export async function hasSameVocabulary(model: WithVocabulary, draft: WithVocabulary): Promise<boolean> {
  const [one, other] = [model.profile, draft.profile];
  if (one.tokenizerModel !== other.tokenizerModel) return false;
  if (Math.abs(one.vocabularySize - other.vocabularySize) > MOST_FURTHER_TOKENS) return false;
  const [first, second] = await Promise.all([readVocabulary(model.path), readVocabulary(draft.path)]);
  const [ours, theirs] = [afterFirstTokens(first.tokens), afterFirstTokens(second.tokens)];
  const length = Math.min(ours.length, theirs.length);
  return first.ends === second.ends && ours.subarray(0, length).equals(theirs.subarray(0, length));
}

/** Each token is its length in bytes, and its bytes. */
function afterFirstTokens(tokens: Buffer): Buffer {
  let at = 0;
  for (let token = 0; token < UNCOMPARED_TOKENS && at + LENGTH_BYTES <= tokens.length; token += 1)
    at += LENGTH_BYTES + Number(tokens.readBigUInt64LE(at));
  return tokens.subarray(at);
}

const TOKENS = "tokenizer.ggml.tokens";
/** Before a list: the length of its key, the key, the types of the value and of its elements, and their number. */
const LIST_START_BYTES = 8 + TOKENS.length + 4 + 4 + 8;

/** The tokens as they stand in the file, one text after the other: a longer vocabulary begins with the bytes of the shorter. */
async function readVocabulary(path: string): Promise<{ ends: string; tokens: Buffer }> {
  const { metadata, tensorTable } = await readGgufHeader(path);
  const fields = new MetadataFields(metadata, "");
  const ends = ["bos_token_id", "eos_token_id"].map(name => fields.count(`tokenizer.ggml.${name}`)).join();
  const offsets = [...metadata.values()].map(({ offsetBytes }) => offsetBytes);
  const keyBytes = metadata.get(TOKENS)?.offsetBytes;
  if (keyBytes === undefined) return { ends, tokens: Buffer.alloc(0) };
  const startBytes = keyBytes + LIST_START_BYTES;
  const endBytes = offsets.find(offset => offset > keyBytes) ?? tensorTable.startBytes;
  const file = await open(path);
  try {
    const tokens = Buffer.alloc(endBytes - startBytes);
    await file.read(tokens, 0, tokens.length, startBytes);
    return { ends, tokens };
  } finally {
    await file.close();
  }
}
