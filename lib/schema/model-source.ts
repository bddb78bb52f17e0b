/** Whether MODEL or a model option names a file elsewhere: an http(s) address, or `hf:owner/repo/file.gguf`. */
export const isRemoteSource = (source: string): boolean => /^(?:https?:\/\/|hf:)/i.test(source);
