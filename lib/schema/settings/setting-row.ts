import * as z from "zod/mini";
import type { LoadConfig, LoadCost } from "../plans/load-config";

export type SettingGroup = "model" | "memory" | "compute" | "sampling" | "chat" | "api";

/** How a form shows the row; `numberOrAuto` has Auto at the far left, `switchOrAuto` Auto beside On and Off. */
export type SettingControl =
  | "text"
  | "longText"
  | "number"
  | "numberOrAuto"
  | "numbersOrAuto"
  | "choice"
  | "switch"
  | "switchOrAuto"
  | "list";

/** Further names of a sampling setting: in a chat and for the engine, and in OpenAI's API. */
export interface SamplingNames {
  readonly name: string;
  readonly openAi: string;
}

export interface SettingRow<
  Schema extends z.ZodMiniType = z.ZodMiniType,
  Sampling extends SamplingNames | undefined = SamplingNames | undefined,
> {
  readonly schema: Schema;
  readonly default: z.output<Schema>;
  readonly label: string;
  readonly help: string;
  readonly group: SettingGroup;
  readonly control: SettingControl;
  /** The cost of a change if it changes the load. The plan decides that: another target may give the same layers. */
  readonly cost: LoadCost;
  /** The part of the load's configuration that this setting decides or influences. */
  readonly loads?: keyof LoadConfig;
  readonly unit?: string;
  /** Range of the slider and field. The schema still decides what is valid. */
  readonly range?: { readonly min: number; readonly max: number; readonly step: number; readonly log?: boolean };
  readonly choices?: readonly string[];
  /** Set where a chat and each request of the API may have its own value. */
  readonly sampling?: Sampling;
}

export const row = <Schema extends z.ZodMiniType, const Sampling extends SamplingNames | undefined = undefined>(
  definition: SettingRow<Schema, Sampling>,
): SettingRow<Schema, Sampling> => definition;

export const wholeNumber = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max));
