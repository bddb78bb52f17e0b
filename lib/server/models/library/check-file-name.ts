import { RequestError } from "@/lib/server/system/request-error";

const MAX_FILE_NAME = 200;
/** Windows accepts none of these in a name, and a models folder may be on a shared disk. */
const refusedInName = /[\p{Cc}\p{Bidi_Control}<>:"/\\|?*]/u;
/** Windows opens a device by such a name, whatever its ending. */
const deviceName = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Checks the name of a new file of the models folder.
 *
 * @throws RequestError INVALID_INPUT
 */
export function checkFileName(fileName: string): void {
  const refuse = (rule: string): never => {
    throw new RequestError("INVALID_INPUT", `The file name ${JSON.stringify(fileName.slice(0, 64))} ${rule}.`);
  };
  if (!/\.gguf$/i.test(fileName) || fileName.startsWith(".")) refuse('must have a name before its ending ".gguf"');
  if (fileName.length > MAX_FILE_NAME) refuse(`must have at most ${MAX_FILE_NAME} characters`);
  if (refusedInName.test(fileName)) refuse('must not hold control characters or any of < > : " / \\ | ? *');
  if (deviceName.test(fileName)) refuse("is a device's name on Windows");
}
