import { basename } from "node:path";
import { mostPictureTokens, pictureReaderMemory } from "@/lib/plan/picture-reader-memory";
import type { Settings } from "@/lib/schema/settings";
import { findPictureReader } from "@/lib/server/models/library/find-picture-reader";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { Beside } from "./llama-server-engine";

/** What llama-server loads beside this model, with its bytes. A model that cannot be read has nothing. */
export async function findBeside(
  { MODEL, N_CTX }: Pick<Settings, "MODEL" | "N_CTX">,
  models: Pick<ModelFiles, "resolveModel" | "readProfile">,
): Promise<Beside> {
  try {
    const path = await models.resolveModel(MODEL);
    const { embeddingLength } = await models.readProfile(path);
    const pictures = await findPictureReader(path, embeddingLength);
    if (pictures === null) return { files: {}, models: [] };
    const { weightsBytes, computeBytes } = pictureReaderMemory(pictures.reader, mostPictureTokens(N_CTX));
    const bytes = weightsBytes + computeBytes;
    return {
      files: { picturesPath: pictures.path },
      models: [{ kind: "pictures", name: basename(pictures.path), bytes }],
    };
  } catch {
    return { files: {}, models: [] };
  }
}
