/** The encoding's usual name: "Windows-1252", "UTF-16LE". */
export const formatEncoding = (encoding: string): string =>
  encoding.toUpperCase().replace("WINDOWS", "Windows").replace("SHIFT", "Shift").replace("BIG", "Big");
