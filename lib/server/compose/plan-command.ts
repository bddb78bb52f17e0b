import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { withBeside } from "@/lib/plan/cards/with-beside";
import { kvTypeRefusal } from "@/lib/plan/memory/usable-kv-types";
import { type ExportedPlan, exportPlan, settingsForFormat, takesBeside } from "@/lib/plan/words/export-plan";
import { formatReport } from "@/lib/plan/words/format-report";
import { planReport } from "@/lib/plan/words/plan-report";
import { errorReason } from "@/lib/schema/error-reason";
import { isRemoteSource } from "@/lib/schema/models/model-source";
import type { BesideModel } from "@/lib/schema/plans/gpu-memory";
import { planSettingsOf, type Settings, settingsSchema } from "@/lib/schema/settings/settings";
import { findBeside } from "@/lib/server/loading/find-beside";
import { assumedCards } from "@/lib/server/planning/assumed-card";
import type { Planner, PlanOutcome } from "@/lib/server/planning/planner";
import { rememberDevice } from "@/lib/server/planning/remembered-engine";
import { logLevels, readEnvironment } from "@/lib/server/system/environment";
import { errorCodeOf } from "@/lib/server/system/error-table";
import { escapeLine } from "@/lib/server/system/escape-line";
import { readMemory } from "@/lib/server/system/read-memory";
import { StartError } from "@/lib/server/system/start-error";
import { type PlanOptions, parsePlanOptions, planUsage, UsageError } from "./plan-options";
import { planningServices } from "./planning-services";

/** A person waits at the terminal. This is enough time for the requested configuration; the server refines the rest. */
const SURFACE_BUDGET_MS = 300;

const EXIT_PLANNED = 0;
const EXIT_USAGE = 2;
const EXIT_NO_MODEL = 3;

interface PlanCommandInput {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  /** One line. */
  complain(text: string): void;
}

/** `npm run plan`: prints where a model's layers would go. @returns the exit code */
export async function planCommand({ args, env, out, complain }: PlanCommandInput): Promise<number> {
  try {
    const options = parsePlanOptions(args);
    out(options.help ? planUsage : await makeReport(options, { env, complain }));
    return EXIT_PLANNED;
  } catch (error) {
    const message = errorReason(error);
    if (error instanceof UsageError || error instanceof StartError || errorCodeOf(error) === "INVALID_INPUT") {
      complain(message);
      return EXIT_USAGE;
    }
    complain(`${errorCodeOf(error)}: ${message}`);
    return EXIT_NO_MODEL;
  }
}

/** A path that exists relative to the user's folder, or else a name in the models folder. npm starts us in the project's root (see INIT_CWD). */
function modelName(model: string, env: PlanCommandInput["env"]): string {
  const paths = [env.INIT_CWD, process.cwd()].flatMap(folder => (folder ? [resolve(folder, model)] : []));
  return paths.find(path => existsSync(path)) ?? model;
}

async function makeReport(
  options: PlanOptions,
  { env, complain }: Pick<PlanCommandInput, "env" | "complain">,
): Promise<string> {
  const environment = readEnvironment(env);
  let beside: readonly BesideModel[] = [];
  const services = planningServices(environment, {
    // What a program cannot place is left out of its settings.
    programPlaces: () => options.format !== null,
    beside: () => beside,
    onLog: (level, text) => {
      if (logLevels.indexOf(level) <= logLevels.indexOf(environment.logLevel)) complain(escapeLine(text));
    },
    isTrusted: () => true,
    mayRemember: true,
    surfaceBudgetMs: SURFACE_BUDGET_MS,
  });
  try {
    const settings = settingsToPlan(options, services.settings, env);
    // Nothing is known of this machine yet, so the engine will be asked. It starts while the header is read.
    if (services.memo.read() === null) services.engine.start().catch(() => {});
    const hasCard = async () => options.gpu !== null || (await services.gpu.read()).memory !== null;
    const found =
      options.format !== null && takesBeside(options.format)
        ? await findBeside(settings, services.models, hasCard)
        : null;
    beside = found?.onCard ?? (await ownDraft(options, settings, services));
    const card = options.gpu === null ? undefined : withBeside(assumedCards(options.gpu), beside);
    const outcome = await services.planner.exactPlanFor(settings, card);
    const { surface, gpu } = outcome;
    const refusal = kvTypeRefusal(surface, settings.KV_CACHE_QUANT, settings.FLASH_ATTENTION);
    if (refusal !== null) throw new UsageError(refusal);
    if (options.users !== null && gpu === null) throw new UsageError(withoutCard);
    if (options.format !== null)
      return exportPlan(options.format, {
        ...exportedPlan(services.planner, outcome, settings),
        ...(found && { beside: found.files }),
      });
    const computer = {
      memory: readMemory(null, services.besideInRam()),
      useMmap: settings.USE_MMAP,
      cpuTokensPerSecond: null,
      speed: await services.machineSpeed.read(gpu?.name ?? null),
    };
    const input = {
      surface,
      gpu,
      settings: planSettingsOf(settings),
      simple: options.simple,
      users: options.users,
      computer,
    };
    return options.json ? JSON.stringify(planReport(input), null, 2) : formatReport(input);
  } finally {
    services.gpu.close();
    await rememberDevice(services.engine, services.memo);
    await services.engine.shutdown();
  }
}

/** What our own engine's draft model takes of the card. For a card that is not here only the header can tell. */
async function ownDraft(
  { gpu }: PlanOptions,
  settings: Settings,
  { drafts, models }: ReturnType<typeof planningServices>,
): Promise<readonly BesideModel[]> {
  if (gpu === null) return (await drafts.hold(settings)).onCard;
  const { onCard } = await findBeside({ ...settings, PARALLEL: 1 }, models, async () => true);
  return onCard.filter(({ kind }) => kind === "draft");
}

function settingsToPlan(
  { model, patch, format }: PlanOptions,
  store: ReturnType<typeof planningServices>["settings"],
  env: PlanCommandInput["env"],
): Settings {
  const base = model === null ? store.read() : store.readFor(modelName(model, env));
  const all = settingsSchema.parse({ ...base, ...patch });
  return format === null ? all : { ...all, ...settingsForFormat(format, planSettingsOf(all)) };
}

const withoutCard =
  "--users needs a graphics card to count with. Name one with --gpu-total-mib, such as --gpu-total-mib 24576.";

/** A model that is not here yet is named by its file: only its header was read. */
function exportedPlan(planner: Planner, outcome: PlanOutcome, settings: Settings): ExportedPlan {
  const config = planner.configOf(outcome, settings);
  return {
    config: isRemoteSource(settings.MODEL) ? { ...config, modelPath: basename(settings.MODEL) } : config,
    totalLayers: outcome.plan.totalLayers,
    targetVramUsage: settings.TARGET_VRAM_USAGE,
    ramWeightsBytes: outcome.plan.ram.weightsBytes,
  };
}
