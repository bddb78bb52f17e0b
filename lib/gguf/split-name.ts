/** `name-00002-of-00003.gguf`. @see llama.cpp src/llama.cpp (llama_split_path) */
const SPLIT_NAME = /-\d{5}-of-(\d{5})\.gguf$/;

/** How many parts a file's name says that its model has; 1 for a model in one file. */
export const splitPartCount = (name: string): number => Number(SPLIT_NAME.exec(name)?.[1] ?? 1);

/** Names of all parts in order, from the name of any of them; the name itself for a model in one file. */
export function splitPartNames(name: string): readonly string[] {
  if (!SPLIT_NAME.test(name)) return [name];
  return Array.from({ length: splitPartCount(name) }, (_, index) => {
    const number = (index + 1).toString().padStart(5, "0");
    return name.replace(SPLIT_NAME, `-${number}-of-$1.gguf`);
  });
}
