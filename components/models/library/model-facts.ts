import { isUnread, type LocalModel } from "@/lib/schema/models/local-model";
import { formatBytes } from "@/lib/units/bytes";
import { formatTokensShort } from "@/lib/units/tokens";

type Profile = NonNullable<LocalModel["profile"]>;

const roleWords: Record<Profile["role"], string | null> = {
  text: null,
  embedding: "makes embeddings for the API, cannot chat",
  projector: "reads images for another model, cannot chat",
  adapter: "an adapter for another model, cannot chat",
  other: "cannot chat",
};

/** "7.2 B", "135 M": the number of parameters in the short form of model names, in steps of a thousand. */
export function formatParameters(parameters: number): string {
  if (parameters >= 1e9) return `${(parameters / 1e9).toFixed(1)} B`;
  return `${Math.round(parameters / 1e6)} M`;
}

/** The facts worth knowing about a file, each in a few words. */
export function modelFacts(model: LocalModel): string[] {
  const { fileBytes, parts, profile } = model;
  // A link to nothing has no size.
  if (profile === null)
    return [...(fileBytes > 0 ? [formatBytes(fileBytes)] : []), ...(isUnread(model) ? ["reading its header …"] : [])];
  const role = roleWords[profile.role];
  return [
    profile.architecture,
    profile.activeParameters < profile.parameters
      ? `${formatParameters(profile.parameters)} parameters, ${formatParameters(profile.activeParameters)} active`
      : `${formatParameters(profile.parameters)} parameters`,
    profile.quantization,
    parts > 1 ? `${formatBytes(fileBytes)} in ${parts} parts` : formatBytes(fileBytes),
    `${profile.blocks} blocks`,
    ...(profile.trainContextTokens > 0 ? [`trained for ${formatTokensShort(profile.trainContextTokens)} tokens`] : []),
    profile.hasChatTemplate ? "chat template" : "no chat template",
    ...(profile.license === null ? [] : [`licence ${profile.license}`]),
    ...(role === null ? [] : [role]),
  ];
}

export const canChat = ({ profile, problem }: LocalModel): boolean => problem === null && profile?.role === "text";

const letters = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");

/** The title in the header, where the file's name does not say it as well. */
export function modelTitle({ name, profile }: Pick<LocalModel, "name" | "profile">): string | null {
  // Anybody may have written it, so marks that change the direction of text are left out.
  const title = (profile?.title ?? "").replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
  return title === "" || letters(name).includes(letters(title)) ? null : title;
}
