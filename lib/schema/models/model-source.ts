/** Whether MODEL or a model option names a file elsewhere: an http(s) address, or `hf:owner/repo/file.gguf`. */
export const isRemoteSource = (source: string): boolean => /^(?:https?:\/\/|hf:)/i.test(source);

/** A model's name without its folders and ending: those of a downloaded one are owner and repository. */
export const shortModelName = (name: string): string => name.replace(/^.*\/|\.gguf$/gi, "");
