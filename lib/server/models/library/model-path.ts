import { isAbsolute, join } from "node:path";
import { startsLikeGguf } from "./gguf-file";
import { ModelFileError } from "./model-file-error";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses.
const controlCharacters = /[\u0000-\u001f\u007f]/;
/** "..", "/", "\" and NUL in percent form: no honest file name holds them, and another layer may decode them. */
const encodedTraversal = /%(2e|2f|5c|00)/i;

/**
 * Path of a model below the models folder. The folder's owner made the links in it, so they may lead anywhere: models on another
 * disk are linked this way.
 *
 * @throws ModelFileError INVALID_INPUT for every name that could lead elsewhere by itself
 */
export function resolveInside(modelsFolder: string, name: string): string {
  refuseOddName(name);
  const parts = name.split("/");
  const leavesFolder = isAbsolute(name) || /^[a-z]:/i.test(name) || name.includes("\\");
  if (leavesFolder || parts.some(part => part === "" || part === "." || part === ".."))
    throw invalidName(name, "must be a plain path below the models folder");
  return join(modelsFolder, ...parts);
}

/**
 * Path of an absolute name. Unless the owner of this computer chose it (`trusted`), it must already be a GGUF file:
 * every other answer is the same, so that the answer does not reveal which files exist.
 */
export async function resolveAbsolute(name: string, trusted: boolean): Promise<string> {
  refuseOddName(name);
  // On Windows such a path would send the user's credentials to another computer.
  if (/^[\\/]{2}/.test(name)) throw invalidName(name, "must not be a network path");
  const looksRight = trusted || (name.toLowerCase().endsWith(".gguf") && (await startsLikeGguf(name)));
  if (!looksRight)
    throw new ModelFileError("MODEL_NOT_FOUND", `There is no GGUF file at ${JSON.stringify(name)}.`, {
      next: "Check the path: it must be that of a file whose name ends in .gguf.",
    });
  return name;
}

function refuseOddName(name: string): void {
  if (name === "" || name.length > 1024) throw invalidName(name.slice(0, 64), "must have 1 to 1024 characters");
  if (controlCharacters.test(name)) throw invalidName(name, "must not hold control characters");
  if (encodedTraversal.test(name)) throw invalidName(name, "must not hold percent-encoded separators");
}

const invalidName = (name: string, rule: string): ModelFileError =>
  new ModelFileError("INVALID_INPUT", `The model name ${JSON.stringify(name)} ${rule}.`);
