/** A stretch of the file that is still to come: from `nextBytes` up to, not including, `endBytes`. */
export interface Segment {
  nextBytes: number;
  endBytes: number;
}

/** One file of a model as the server described it, and what of it is still to come. */
export interface PartState {
  readonly fileBytes: number;
  readonly etag: string | null;
  /** null if neither the hub's answer nor its list of files says it. */
  readonly sha256: string | null;
  segments: Segment[];
}

export const lengthOf = ({ nextBytes, endBytes }: Segment): number => endBytes - nextBytes;

export const missingBytes = ({ segments }: PartState): number =>
  segments.reduce((sum, segment) => sum + lengthOf(segment), 0);

/** From the start of the file up to the first byte that is missing. */
export const unbrokenBytes = ({ fileBytes, segments }: PartState): number =>
  segments.reduce((least, segment) => (lengthOf(segment) > 0 ? Math.min(least, segment.nextBytes) : least), fileBytes);
