/** A text and the encoding that its bytes seem to have: a name of the Encoding Standard, in lower case. */
export interface DecodedText {
  readonly text: string;
  readonly encoding: string;
}

const byteOrderMarks: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** The encodings from before Unicode that browsers decode: their names in the detector, and in the Encoding Standard. */
const legacyEncodings: Readonly<Record<string, string>> = {
  cp1250: "windows-1250",
  cp1251: "windows-1251",
  cp1252: "windows-1252",
  cp1253: "windows-1253",
  cp1254: "windows-1254",
  cp1255: "windows-1255",
  cp1256: "windows-1256",
  cp1257: "windows-1257",
  cp1258: "windows-1258",
  cp866: "ibm866",
  cp874: "windows-874",
  "iso8859-2": "iso-8859-2",
  "iso8859-5": "iso-8859-5",
  "iso8859-7": "iso-8859-7",
  "koi8-r": "koi8-r",
  "koi8-u": "koi8-u",
  cp932: "shift_jis",
  euc_jis_2004: "euc-jp",
  gb18030: "gb18030",
  big5hkscs: "big5",
  cp949: "euc-kr",
};
const latinEncoding = /^(?:windows-125[02478]|iso-8859-2)$/;
/** The Encoding Standard's own fallback. */
const USUAL_ENCODING = "windows-1252";
/** This few bytes outside ASCII do not reveal a language. */
const FEW_BYTES = 4;
/** A few accents hardly tell Western from Central European, so the usual encoding wins a near tie. */
const NEAR_TIE = 0.8;
/** Ten pages are enough to find an encoding; more would only take longer. */
const SAMPLE_BYTES = 65_536;
/** How much is kept before the first non-ASCII byte of a line, for the word that it is in. */
const WORD_BYTES = 80;
const LINE_END = 0x0a;

/** Logs of terminals hold some control characters; programs, pictures and archives hold many. */
const MAX_CONTROL_SHARE = 1 / 20;
/** The largest share of characters without meaning that a guess may have. */
const MAX_STRANGE_SHARE = 1 / 500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are looked for. Not among them: backspace, tab, line ends, form feed, escape, and U+001A, with which DOS ended its texts.
const controls = /[\0-\x07\x0b\x0e-\x19\x1c-\x1f\x7f]/g;
/** Code points that no text has: controls, unassigned, private, half of a pair. */
const strangeCharacters = /(?![\b\t\n\f\r])\p{Cc}|\p{Cn}|\p{Co}|\p{Cs}/gu;
/** Every text has some of these, and hardly any text has them with its bytes swapped. */
const separators = /[\t\n\r ,.\u3000-\u3002\uff0c]/g;
/** The sequences with which ISO-2022-JP, which is ASCII byte for byte, begins its Japanese. */
const ISO_2022_JAPANESE = `${String.fromCharCode(0x1b)}$B`;
const word = /\p{L}+/gu;
const latinLetter = /\p{sc=Latn}/u;
const foreignLetter = /\P{sc=Latn}/u;
const foreignAlphabet = /[\p{sc=Cyrl}\p{sc=Grek}\p{sc=Hebr}\p{sc=Arab}\p{sc=Thai}]/u;

/**
 * The text that the bytes hold; null if they are not text in an encoding known here.
 *
 * The file's name and media type are ignored. A byte order mark decides; then UTF-8, because bytes of other encodings
 * hardly ever form it by chance; then what the bytes look like. A character that is cut at the end becomes U+FFFD.
 */
export async function decodeText(bytes: Uint8Array): Promise<DecodedText | null> {
  const [marked] = byteOrderMarks.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte)) ?? [];
  if (marked !== undefined) return withShare(decodeAs(marked, bytes), controls, MAX_CONTROL_SHARE);
  if (bytes.includes(0)) return decodeUtf16(bytes);
  const utf8 = decodeAs("utf-8", bytes);
  if (utf8 === null) return decodeLegacy(bytes);
  if (utf8.text.includes(ISO_2022_JAPANESE)) return decodeAs("iso-2022-jp", bytes) ?? utf8;
  return withShare(utf8, controls, MAX_CONTROL_SHARE);
}

function decodeAs(encoding: string, bytes: Uint8Array): DecodedText | null {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    const text = decoder.decode(bytes, { stream: true });
    return { text: text + cutEnd(decoder), encoding };
  } catch {
    return null;
  }
}

function cutEnd(decoder: TextDecoder): string {
  try {
    return decoder.decode();
  } catch {
    return "\ufffd";
  }
}

const count = (text: string, characters: RegExp): number => text.match(characters)?.length ?? 0;

function withShare(decoded: DecodedText | null, characters: RegExp, maxShare: number): DecodedText | null {
  return decoded !== null && count(decoded.text, characters) <= maxShare * decoded.text.length ? decoded : null;
}

const decodeSensibly = (encoding: string, bytes: Uint8Array): DecodedText | null =>
  withShare(decodeAs(encoding, bytes), strangeCharacters, MAX_STRANGE_SHARE);

/** UTF-16 without a mark. The detector is not used: it gives up on kana and swaps the bytes of Thai. */
function decodeUtf16(bytes: Uint8Array): DecodedText | null {
  const [best] = ["utf-16le", "utf-16be"]
    .map(encoding => decodeSensibly(encoding, bytes))
    .filter(decoded => decoded !== null && count(decoded.text, separators) > 0)
    .sort((a, b) => count(b?.text ?? "", separators) - count(a?.text ?? "", separators));
  return best ?? null;
}

async function decodeLegacy(bytes: Uint8Array): Promise<DecodedText | null> {
  const isTelling = bytes.filter(isHigh).length >= FEW_BYTES;
  const encodings = isTelling ? await likelyEncodings(await tellingLines(bytes)) : [USUAL_ENCODING];
  for (const encoding of encodings) {
    const decoded = decodeSensibly(encoding, bytes);
    if (decoded !== null) return decoded;
  }
  return null;
}

const isHigh = (byte: number): boolean => byte >= 0x80;

/** The lines that are not only ASCII, from just before their first other byte: code with a comment is recognised by its comment. */
async function tellingLines(bytes: Uint8Array): Promise<Uint8Array> {
  const lines: Uint8Array<ArrayBuffer>[] = [];
  let sampleBytes = 0;
  for (let from = 0; from < bytes.length && sampleBytes < SAMPLE_BYTES; ) {
    const end = bytes.indexOf(LINE_END, from) + 1 || bytes.length;
    const line = bytes.slice(from, end);
    from = end;
    const firstHigh = line.findIndex(isHigh);
    if (firstHigh < 0) continue;
    lines.push(line.subarray(Math.max(0, firstHigh - WORD_BYTES), firstHigh + SAMPLE_BYTES));
    sampleBytes += line.length;
  }
  return new Uint8Array(await new Blob(lines).arrayBuffer());
}

/** The likeliest encodings first, of those in which the sample makes sense. The detector is large and loaded on demand. */
async function likelyEncodings(sample: Uint8Array): Promise<string[]> {
  const { chardet } = await import("jschardet");
  const options = { includeEncodings: Object.keys(legacyEncodings), compatNames: false, ignoreThreshold: true };
  const guesses = chardet.detectAll(sample, options).flatMap(({ encoding, confidence }) => {
    const name = legacyEncodings[encoding ?? ""];
    const decoded = name === undefined ? null : decodeSensibly(name, sample);
    return decoded !== null && hasItsWords(decoded) ? [{ encoding: decoded.encoding, confidence }] : [];
  });
  const [best] = guesses;
  const usual = guesses.find(({ encoding }) => encoding === USUAL_ENCODING);
  const isTie = best && usual && latinEncoding.test(best.encoding) && usual.confidence >= NEAR_TIE * best.confidence;
  return [...(isTie ? [usual] : []), ...guesses].map(({ encoding }) => encoding);
}

/** Whether the encoding's own alphabet is there, in words of its own: "Perchй" is "Perché" in a wrong encoding. */
function hasItsWords({ text, encoding }: DecodedText): boolean {
  if (latinEncoding.test(encoding)) return true;
  const foreign = (text.match(word) ?? []).filter(letters => foreignLetter.test(letters));
  const mixed = foreign.filter(letters => foreignAlphabet.test(letters) && latinLetter.test(letters));
  return foreign.length > 2 * mixed.length;
}
