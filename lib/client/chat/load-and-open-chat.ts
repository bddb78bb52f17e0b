import { type Applied, applySettings } from "../planning/settings-store";
import { openChat } from "./chat-actions";
import { chatAddress } from "./chat-address";

/**
 * Loads a model of the library with its plan, and opens a new chat at once: the chat shows the progress and can be written in
 * meanwhile. An answer in progress ends first.
 *
 * @param goToPage the router's way to another screen
 * @throws ApiError when the model was refused; `problem` of the result says why it could not be loaded
 */
export async function loadAndOpenChat(modelName: string, goToPage: (path: string) => void): Promise<Applied> {
  const applied = applySettings({ MODEL: modelName });
  void openChat(null);
  goToPage(chatAddress(null));
  return applied;
}
