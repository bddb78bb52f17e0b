import { GIB } from "@/lib/units/bytes";

interface CardFigures {
  readonly bytesPerSecond: number;
  /** Arithmetic operations that a prompt is read with. */
  readonly operationsPerSecond: number;
}

/**
 * What the makers state of graphics cards: memory bandwidth in GB/s (10^9 bytes: bus width times data rate), and half-precision TFLOPS,
 * dense and with 32-bit sums, of the matrix units where a card has them. Written from memory and not compared with each data sheet; a load
 * corrects what is off. A pattern matches the name that the driver or the backend gives, so longer names stand before their beginnings.
 */
const CARDS: readonly (readonly [pattern: RegExp, gigabytesPerSecond: number, teraflops: number])[] = [
  [/RTX 5090 (?:Laptop|Mobile)/i, 896, 95],
  [/RTX 5090/i, 1792, 210],
  [/RTX 5080 (?:Laptop|Mobile)/i, 896, 70],
  [/RTX 5080/i, 960, 113],
  [/RTX 5070 Ti (?:Laptop|Mobile)/i, 672, 55],
  [/RTX 5070 Ti/i, 896, 88],
  [/RTX 5070 (?:Laptop|Mobile)/i, 384, 40],
  [/RTX 5070/i, 672, 62],
  [/RTX 5060 Ti/i, 448, 47],
  [/RTX 5060 (?:Laptop|Mobile)/i, 384, 30],
  [/RTX 5060/i, 448, 38],
  [/RTX 5050/i, 320, 26],
  [/RTX 4090 (?:Laptop|Mobile)/i, 576, 80],
  [/RTX 4090/i, 1008, 165],
  [/RTX 4080 SUPER/i, 736, 104],
  [/RTX 4080 (?:Laptop|Mobile)/i, 432, 60],
  [/RTX 4080/i, 717, 97],
  [/RTX 4070 Ti SUPER/i, 672, 88],
  [/RTX 4070 (?:Laptop|Mobile)/i, 256, 35],
  [/RTX 4070/i, 504, 58],
  [/RTX 4060 Ti/i, 288, 44],
  [/RTX 4060 (?:Laptop|Mobile)/i, 256, 27],
  [/RTX 4060/i, 272, 30],
  [/RTX 4050/i, 192, 20],
  [/RTX 3090 Ti/i, 1008, 80],
  [/RTX 3090/i, 936, 71],
  [/RTX 3080 Ti (?:Laptop|Mobile)/i, 512, 40],
  [/RTX 3080 Ti/i, 912, 68],
  [/RTX 3080 (?:Laptop|Mobile)/i, 448, 36],
  [/RTX 3080/i, 760, 60],
  [/RTX 3070 Ti (?:Laptop|Mobile)/i, 448, 32],
  [/RTX 3070 Ti/i, 608, 44],
  [/RTX 3070/i, 448, 40],
  [/RTX 3060 Ti/i, 448, 32],
  [/RTX 3060 (?:Laptop|Mobile)/i, 336, 22],
  [/RTX 3060/i, 360, 26],
  [/RTX 3050 (?:Laptop|Mobile)/i, 192, 12],
  [/RTX 3050/i, 224, 18],
  [/RTX 2080 Ti/i, 616, 54],
  [/RTX 2080 SUPER/i, 496, 45],
  [/RTX 2080|RTX 2070/i, 448, 34],
  [/RTX 2060/i, 336, 26],
  [/GTX 1660 (?:SUPER|Ti)/i, 288, 10],
  [/GTX 1660/i, 192, 10],
  [/GTX 1650/i, 128, 6],
  [/GTX 1080 Ti/i, 484, 11],
  [/GTX 1080/i, 320, 9],
  [/GTX 1070/i, 256, 6.5],
  [/GTX 1060/i, 192, 4.4],
  [/GTX 1050/i, 112, 2],
  [/H200/i, 4800, 990],
  [/H100.*PCIe/i, 2039, 756],
  [/H100/i, 3350, 990],
  [/A100.*80\s?GB/i, 2039, 312],
  [/A100/i, 1555, 312],
  [/L40S?\b/i, 864, 181],
  [/\bL4\b/i, 300, 121],
  [/RTX 6000 Ada/i, 960, 182],
  [/RTX A6000|\bA40\b/i, 768, 77],
  [/\bA10\b/i, 600, 62],
  [/\bV100\b/i, 900, 112],
  [/\bT4\b/i, 320, 32],
  [/\bP40\b/i, 347, 12],
  [/Quadro P4000/i, 243, 5.3],
  [/RX 9070/i, 644, 97],
  [/RX 9060 XT/i, 320, 51],
  [/RX 7900 XTX/i, 960, 123],
  [/RX 7900 XT/i, 800, 103],
  [/RX 7900 GRE/i, 576, 92],
  [/RX 7800 XT/i, 624, 75],
  [/RX 7700 XT/i, 432, 70],
  [/RX 7600/i, 288, 43],
  [/RX 6[89][05]0/i, 512, 41],
  [/RX 6700/i, 384, 26],
  [/RX 6600/i, 224, 18],
  [/Arc.*B580/i, 456, 117],
  [/Arc.*A770/i, 560, 138],
  [/Arc.*A750/i, 512, 118],
  [/M4 Max/i, 546, 18.4],
  [/M4 Pro/i, 273, 9.2],
  [/M3 Ultra/i, 819, 32],
  [/M3 Max/i, 400, 16.4],
  [/M3 Pro/i, 150, 7.4],
  [/M[12] Ultra/i, 800, 24],
  [/M[12] Max/i, 400, 12],
  [/M[12] Pro/i, 200, 6],
  [/Apple M4/i, 120, 4.6],
  [/Apple M[23]/i, 100, 3.8],
  [/Apple M1/i, 68, 2.6],
];

/** llama.cpp reaches about this much of the stated bandwidth while it reads weights. An assumption until a load was measured. */
const REACHED_BANDWIDTH = 0.75;
/** And of the stated TFLOPS while it reads a prompt. AMD's and Intel's matrix units are used less well than NVIDIA's. */
const REACHED_TFLOPS: readonly (readonly [pattern: RegExp, share: number])[] = [
  [/\bRX \d/i, 0.35],
  [/\bArc\b/i, 0.2],
  [/\bM\d\b/i, 0.65],
];
const REACHED_TFLOPS_USUALLY = 0.8;

/** What llama.cpp can be expected to reach on this card; null for a card in no table. */
export function cardFigures(name: string): CardFigures | null {
  const found = CARDS.find(([pattern]) => pattern.test(name));
  if (found === undefined) return null;
  const [, gigabytesPerSecond, teraflops] = found;
  const reached = REACHED_TFLOPS.find(([pattern]) => pattern.test(name))?.[1] ?? REACHED_TFLOPS_USUALLY;
  return {
    bytesPerSecond: gigabytesPerSecond * 1e9 * REACHED_BANDWIDTH,
    operationsPerSecond: teraflops * 1e12 * reached,
  };
}

/**
 * A guess for a card in no table, from the size of its memory: makers pair larger memories with wider buses. In the table above, cards of
 * 4, 8, 12, 16 and 24 GiB have about 150, 290, 430, 600 and 950 GB/s, and for each GB/s some 0.09 TFLOPS. Most lie within a factor of two.
 */
export function guessedFigures(totalBytes: number): CardFigures {
  const gigabytesPerSecond = 38 * Math.max(1, totalBytes / GIB);
  return {
    bytesPerSecond: gigabytesPerSecond * 1e9 * REACHED_BANDWIDTH,
    operationsPerSecond: gigabytesPerSecond * 0.09e12 * 0.5,
  };
}
