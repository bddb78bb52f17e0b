import { MIB } from "@/lib/units/bytes";
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
  /** What has come is written down after this time, or after `noteBytes`: after a crash no more is fetched again. */
  readonly noteMs: number;
  readonly noteBytes: number;
}

/** Slower than two kilobytes a second is as good as nothing. */
export const usualPace: TransferPace = {
  stallMs: 30_000,
  stallBytes: 64 * 1024,
  weighMs: 500,
  maxConnections: 8,
  noteMs: 250,
  noteBytes: 16 * MIB,
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
