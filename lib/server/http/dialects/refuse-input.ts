import { RequestError } from "@/lib/server/system/request-error";

/** @throws RequestError INVALID_INPUT, always */
export function refuseInput(message: string): never {
  throw new RequestError("INVALID_INPUT", message);
}
