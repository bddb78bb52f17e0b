import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import { ModelFileError } from "./model-file-error";

const roleNames: Readonly<Record<Exclude<ModelProfile["role"], "text">, string>> = {
  embedding: "an embedding model",
  projector: "the image part of another model",
  adapter: "an adapter for another model",
  other: "something else",
};

/**
 * Checks whether a file of the right format is also of the right kind.
 *
 * @param name for the message
 * @throws ModelFileError UNSUPPORTED_ARCH; CORRUPT_MODEL for what llama.cpp is known to refuse
 */
export function checkChatModel(
  { role, split, loadRefusal }: Pick<ModelProfile, "role" | "split" | "loadRefusal">,
  name: string,
): void {
  if (role !== "text")
    throw new ModelFileError("UNSUPPORTED_ARCH", `${name} is not a chat model but ${roleNames[role]}.`);
  if (split !== null && split.part > 1)
    throw new ModelFileError(
      "UNSUPPORTED_ARCH",
      `${name} is part ${split.part} of ${split.parts} of a model: choose its first part, …-00001-of-${split.parts.toString().padStart(5, "0")}.gguf.`,
    );
  if (loadRefusal !== null) throw new ModelFileError("CORRUPT_MODEL", loadRefusal);
}
