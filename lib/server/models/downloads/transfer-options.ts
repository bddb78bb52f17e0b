import type { RequestRules } from "../hub/checked-request";
import type { Pacer } from "./pacer";
import type { PartState } from "./part-state";

export interface TransferPace {
  /** A connection that brings less than `stallBytes` in this time is given up. */
  readonly stallMs: number;
  readonly stallBytes: number;
  /** How often the number of connections is weighed. */
  readonly weighMs: number;
  readonly maxConnections: number;
  /** How often what has come is written down. */
  readonly saveMs: number;
}

/** Slower than two kilobytes a second is as good as nothing. */
export const usualPace: TransferPace = {
  stallMs: 30_000,
  stallBytes: 64 * 1024,
  weighMs: 500,
  maxConnections: 8,
  saveMs: 1000,
};

export interface TransferOptions {
  readonly url: URL;
  readonly path: string;
  readonly part: PartState;
  readonly rules: RequestRules;
  readonly limit: Pacer;
  readonly pace: TransferPace;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}
