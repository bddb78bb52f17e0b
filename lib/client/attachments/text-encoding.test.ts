import { describe, expect, it } from "vitest";
import { formatEncoding } from "./format-encoding";
import { decodeText } from "./text-encoding";

/** Encoded by Python's codecs, in base64. */
const encoded: readonly (readonly [what: string, encoding: string, text: string, base64: string])[] = [
  ["UTF-8 with a mark", "utf-8", "Größe: 12 €\n", "77u/R3LDtsOfZTogMTIg4oKsCg=="],
  ["UTF-16LE with a mark", "utf-16le", "Größe: 12 €\n", "//5HAHIA9gDfAGUAOgAgADEAMgAgAKwgCgA="],
  ["UTF-16BE with a mark", "utf-16be", "Größe: 12 €\n", "/v8ARwByAPYA3wBlADoAIAAxADIAICCsAAo="],
  ["UTF-16LE without", "utf-16le", "name,city\nZoë,Köln\n", "bgBhAG0AZQAsAGMAaQB0AHkACgBaAG8A6wAsAEsA9gBsAG4ACgA="],
  ["UTF-16BE without", "utf-16be", "name,city\nZoë,Köln\n", "AG4AYQBtAGUALABjAGkAdAB5AAoAWgBvAOsALABLAPYAbABuAAo="],
  [
    "Japanese in UTF-16LE without",
    "utf-16le",
    "鍵は玄関のマットの下。\n明日、来てください。\n",
    "dZNvMIRzopVuMN4wwzDIMG4wC04CMAoADmblZQEwZWdmME8wYDBVMEQwAjAKAA==",
  ],
  ["Thai in UTF-16BE without", "utf-16be", "กุญแจอยู่ใต้พรม\n", "DgEOOA4NDkEOCA4tDiIOOQ5IDkMOFQ5JDh4OIw4hAAo="],
  [
    "German",
    "windows-1252",
    "Die Größe der Fläche: höchstens zwölf m² für 3 €.\n",
    "RGllIEdy9t9lIGRlciBGbORjaGU6IGj2Y2hzdGVucyB6d/ZsZiBtsiBm/HIgMyCALgo=",
  ],
  [
    "Italian",
    "windows-1252",
    "Perché la città è così bella? È già tardi, però.\n",
    "UGVyY2jpIGxhIGNpdHTgIOggY29z7CBiZWxsYT8gyCBnaeAgdGFyZGksIHBlcvIuCg==",
  ],
  [
    "one accent in code",
    "windows-1252",
    "// José wrote this\nint x = 1;\n",
    "Ly8gSm9z6SB3cm90ZSB0aGlzCmludCB4ID0gMTsK",
  ],
  ["signs in English", "windows-1252", "25 °C ± 2 µm\n", "MjUgsEMgsSAyILVtCg=="],
  ["Polish", "windows-1250", "Zażółć gęślą jaźń, proszę bardzo.\n", "WmG/87PmIGfqnGy5IGphn/EsIHByb3N66iBiYXJkem8uCg=="],
  [
    "Turkish",
    "windows-1254",
    "Yarın akşam gelin, çünkü güneş erken batıyor.\n",
    "WWFy/W4gYWv+YW0gZ2VsaW4sIOf8bmv8IGf8bmX+IGVya2VuIGJhdP15b3IuCg==",
  ],
  ["Russian", "windows-1251", "Ключ лежит под ковриком у двери.\n", "yuv+9yDr5ebo8iDv7uQg6u7i8Ojq7uwg8yDk4uXw6C4K"],
  [
    "Russian with Latin words",
    "windows-1251",
    "скинь PDFку и SMSку, пожалуйста, в WhatsApp\n",
    "8ero7fwgUERG6vMg6CBTTVPq8ywg7+7m4Ovz6fHy4Cwg4iBXaGF0c0FwcAo=",
  ],
  ["Russian of Unix", "koi8-r", "Ключ лежит под ковриком у двери.\n", "68zA3iDMxdbJ1CDQz8Qgy8/X0snLz80g1SDE18XSyS4K"],
  ["Russian of DOS", "ibm866", "Ключ лежит под ковриком у двери.\n", "iqvu5yCrpaao4iCvrqQgqq6i4Kiqrqwg4yCkoqXgqC4K"],
  ["Greek", "iso-8859-7", "Το κλειδί είναι κάτω από το χαλάκι.\n", "1O8g6uvl6eTfIOXf7eHpIOrc9Pkg4fD8IPTvIPfh69zq6S4K"],
  [
    "Japanese of Windows",
    "shift_jis",
    "鍵は玄関のマットの下にあります。\n",
    "jK6CzYy6itaCzIN9g2KDZ4LMibqCyYKgguiC3IK3gUIK",
  ],
  ["Japanese of Unix", "euc-jp", "鍵は玄関のマットの下にあります。\n", "uLCkz7i8tNikzqXepcOlyKTOsryky6SipOqk3qS5oaMK"],
  ["Japanese of mail", "iso-2022-jp", "鍵は玄関のマットの下。\n", "GyRCODAkTzg8NFgkTiVeJUMlSCROMjwhIxsoQgo="],
  [
    "Chinese",
    "gb18030",
    "钥匙在门口的垫子下面。请明天晚上再来。\n",
    "1L+z19Taw8W/2rXEtebX08/Cw+aho8frw/fM7M3tyc/U2cC0oaMK",
  ],
  [
    "Chinese of Taiwan",
    "big5",
    "鑰匙在門口的墊子下面。請明天晚上再來。\n",
    "xl+wzaZiqvmkZqq6udSkbKRVrbGhQ73Qqfqk0bHfpFemQajToUMK",
  ],
  ["Korean", "euc-kr", "열쇠는 현관 매트 아래에 있습니다.\n", "v6286LTCIMf2sPwguMXGriC+xrehv6EgwNa9wLTPtNkuCg=="],
];

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

describe("the encoding of a text", () => {
  it.each(encoded)("is found: %s (%s)", async (_, encoding, text, base64) => {
    expect(await decodeText(bytesOf(base64))).toEqual({ text, encoding });
  });

  it("is found by a comment below two thousand lines of plain code", async () => {
    const code = "export const add = (a: number, b: number) => a + b;\n".repeat(2000);
    // "// сумма двух чисел" in Windows-1251.
    const comment = latin1("// \xf1\xf3\xec\xec\xe0 \xe4\xe2\xf3\xf5 \xf7\xe8\xf1\xe5\xeb\n");
    const decoded = await decodeText(Uint8Array.from([...latin1(code), ...comment]));
    expect(decoded).toEqual({ text: `${code}// сумма двух чисел\n`, encoding: "windows-1251" });
  });

  it("stays UTF-8 where the end cuts a character in two", async () => {
    const whole = new TextEncoder().encode("Größe ß");
    expect(await decodeText(whole.subarray(0, -1))).toEqual({ text: "Größe \ufffd", encoding: "utf-8" });
  });

  it("has none where the bytes are no text", async () => {
    expect(await decodeText(Uint8Array.of(0, 159, 146, 150))).toBeNull();
    // Every byte value, some of them in an order that UTF-16 cannot have.
    expect(
      await decodeText(Uint8Array.from({ length: 4096 }, (_, index) => (index * 151 + (index >> 8)) & 255)),
    ).toBeNull();
  });

  it.each([
    ["windows-1252", "Windows-1252"],
    ["shift_jis", "Shift_JIS"],
    ["big5", "Big5"],
    ["koi8-r", "KOI8-R"],
    ["utf-16le", "UTF-16LE"],
  ])("%s is called %s", (encoding, name) => expect(formatEncoding(encoding)).toBe(name));
});
