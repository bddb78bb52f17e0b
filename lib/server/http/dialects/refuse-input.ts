import { RequestError } from "@/lib/server/system/request-error";

/** @throws RequestError INVALID_INPUT, always */
export function refuseInput(message: string): never {
  throw new RequestError("INVALID_INPUT", message);
}

const NO_VISION = "needs a model with vision, and this engine reads only text";
const NO_HEARING = "needs a model that hears, and this engine reads only text";
const NO_FILES = "needs to be sent as text, because this engine reads no files";

/** What a part of a message would need, by the names that OpenAI's APIs give it. */
const partNeeds: Readonly<Record<string, string>> = {
  image_url: NO_VISION,
  input_image: NO_VISION,
  input_audio: NO_HEARING,
  audio: NO_HEARING,
  file: NO_FILES,
  input_file: NO_FILES,
};

/** @throws RequestError INVALID_INPUT, always: the part at this place is not text */
export const refusePart = (type: string, where: string): never =>
  refuseInput(`${where}: ${type} ${partNeeds[type] ?? "is no part that this engine can read"}.`);
