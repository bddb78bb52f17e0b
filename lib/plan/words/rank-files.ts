import type { FitFile } from "@/lib/schema/models/remote-models";
import { formatTokensShort } from "@/lib/units/tokens";
import { formatSpeed } from "../speed/speed-words";
import { expertsInWords, layersInWords } from "./placement-words";

/** Files with fewer bits a weight answer noticeably worse; those with more answer hardly better. */
const GOOD_BITS = 4;
const MOST_USEFUL_BITS = 8;
/** The usual choice among files of about four bits. */
const USUAL = "Q4_K_M";

export interface BestFile {
  readonly source: string;
  /** "Q4_K_M: all 37 layers at 16k; Q6_K: 31 of 37." */
  readonly reason: string;
}

type PlannedFile = FitFile & { readonly plan: NonNullable<FitFile["plan"]> };

/**
 * The file of a repository to take for this computer: the largest that fits the card whole, or else the one of at least four bits that
 * leaves least for the CPU. null if none can run.
 */
export function bestFile(files: readonly FitFile[], contextTokens: number): BestFile | null {
  const planned = files.filter(isPlanned);
  const best = pick(planned.filter(({ fits }) => fits !== "no"));
  if (best === null) return null;
  const other = neighbour(planned, best);
  const at = ` at ${formatTokensShort(contextTokens)}`;
  const said = `${nameOf(best)}: ${wordsWithSpeed(best, at)}`;
  return {
    source: best.source,
    reason: other === null ? `${said}.` : `${said}; ${nameOf(other)}: ${wordsWithSpeed(other, "")}.`,
  };
}

const isPlanned = (file: FitFile): file is PlannedFile => file.role === "text" && file.plan !== null;

function pick(usable: readonly PlannedFile[]): PlannedFile | null {
  const whole = usable.filter(({ fits }) => fits === "all");
  if (whole.length > 0) {
    const useful = whole.filter(({ quantization }) => bitsOf(quantization) <= MOST_USEFUL_BITS);
    return largest(useful.length > 0 ? useful : whole);
  }
  const good = usable.filter(({ quantization }) => bitsOf(quantization) >= GOOD_BITS);
  return good.find(({ quantization }) => quantization === USUAL) ?? smallest(good) ?? largest(usable);
}

/** The next larger file, which shows what more would cost; for the largest, the next smaller one. */
const neighbour = (files: readonly PlannedFile[], best: PlannedFile): PlannedFile | null =>
  smallest(files.filter(({ fileBytes }) => fileBytes > best.fileBytes)) ??
  largest(files.filter(({ fileBytes }) => fileBytes < best.fileBytes));

/** 4 for "Q4_K_M", "IQ4_XS" and "MXFP4". A name that does not say it counts as good. */
const bitsOf = (quantization: string | null): number =>
  Number(/(?:Q|FP|F)(\d+)/i.exec(quantization ?? "")?.[1] ?? GOOD_BITS);

const nameOf = ({ quantization, name }: FitFile): string => quantization ?? name;

/** "31 of 37 layers, 17 to 21 tokens/s" */
function wordsWithSpeed(file: PlannedFile, where: string): string {
  const { speed } = file.plan;
  const place = `${wordsOf(file)}${where}`;
  return speed === null || file.fits === "no" ? place : `${place}, ${formatSpeed(speed.decodeEmpty)}`;
}

function wordsOf({ fits, plan }: PlannedFile): string {
  if (fits === "no") return "more memory than there is";
  if (plan.kind === "cpu-only") return "on the CPU";
  return `${layersInWords(plan)}${expertsInWords(plan)}`;
}

const largest = (files: readonly PlannedFile[]): PlannedFile | null =>
  files.reduce<PlannedFile | null>(
    (most, file) => (most === null || file.fileBytes > most.fileBytes ? file : most),
    null,
  );

const smallest = (files: readonly PlannedFile[]): PlannedFile | null =>
  files.reduce<PlannedFile | null>(
    (least, file) => (least === null || file.fileBytes < least.fileBytes ? file : least),
    null,
  );
