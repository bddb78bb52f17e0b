import { setTimeout as sleep } from "node:timers/promises";
import { splitPartCount } from "@/lib/gguf/header/split-name";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import { largestContextInRam } from "@/lib/plan/advice/ram-remedies";
import { largestContext, leastFullPlacement, longestSearched } from "@/lib/plan/placement/largest-context";
import { isRamShort } from "@/lib/plan/placement/plan-ram";
import { badgePlan } from "@/lib/plan/words/badge-plan";
import type { FitEvent, FitFile, FitQuery } from "@/lib/schema/models/remote-models";
import type { GpuReport, SystemMemory } from "@/lib/schema/plans/gpu-memory";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import { type Settings, settingsSchema } from "@/lib/schema/settings/settings";
import { RemoteHeaderError } from "@/lib/server/models/hub/remote-header-error";
import type { RemoteModels } from "@/lib/server/models/hub/remote-models";
import type { RepositoryFile } from "@/lib/server/models/hub/remote-repository";
import { familyOf, type HeaderReading } from "@/lib/server/models/hub/repository-headers";
import { checkChatModel } from "@/lib/server/models/library/check-chat-model";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { eachOf } from "@/lib/server/system/each-of";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import { readMemory } from "@/lib/server/system/read-memory";
import type { GpuSource } from "./known-surfaces";
import type { MachineSpeedMeter } from "./machine-speed";
import type { Planner } from "./planner";

export interface FitServices {
  readonly remoteModels: Pick<RemoteModels, "list" | "beginHeaders">;
  readonly planner: Pick<Planner, "planForHeader">;
  readonly settings: Pick<SettingsStore, "read">;
  readonly gpu: GpuSource;
  readonly machineSpeed: Pick<MachineSpeedMeter, "read">;
  /** What its process holds is free after a reload. */
  readonly engine: { readonly pid: number | null };
}

/** Headers read at the same time. */
const AT_ONCE = 10;
/** After this many failures in a row, the hub counts as away, and not the files as bad. */
const MOST_FAILURES = 3;
/** A file is asked for this often when the hub asks to wait. */
const MOST_WAITS = 3;
const USUAL_WAIT_SECONDS = 10;
/** A repository with larger headers in total holds many models, and not the quantizations of a few. */
const MOST_READ_BYTES = 400 * 1024 * 1024;

/**
 * How every GGUF file of a repository would run here, each as soon as its header is read. No weights are downloaded.
 *
 * @throws RemoteHeaderError before the first event: for a repository that cannot be listed
 */
export async function* fitRepository(
  services: FitServices,
  { repository: asked, most, ...choices }: FitQuery,
  signal: AbortSignal,
): AsyncGenerator<FitEvent> {
  const [list, report] = await Promise.all([services.remoteModels.list(asked), services.gpu.read()]);
  const settings = settingsSchema.parse({ ...services.settings.read(), ...choices, LAYERS: "auto" });
  const memory = readMemory(services.engine.pid);
  const machine = await services.machineSpeed.read(report.memory?.name ?? null);
  const planned = list.files.filter(({ role }) => role === "text" || role === "draft").slice(0, most);
  yield {
    kind: "list",
    repository: list.name,
    files: list.files.map(unplanned),
    planned: planned.length,
    card: cardOf(report, settings),
    ramTotalBytes: memory.totalBytes,
  };
  const ended = new AbortController();
  const reading = services.remoteModels.beginHeaders(AbortSignal.any([signal, ended.signal]));
  const [repository] = list.name.split("@");
  const run = new FitRun(reading, read =>
    fitOf(read, { planner: services.planner, folder: repository ?? list.name, settings, report, memory, machine }),
  );
  try {
    yield* run.events(planned, ended.signal);
  } finally {
    ended.abort(new RemoteHeaderError("BUSY", "The page has left."));
    reading.end();
  }
}

interface ReadFile {
  readonly file: RepositoryFile;
  readonly profile: ModelProfile;
}

/** Reads the headers of one repository, several at once, and yields each result. */
class FitRun {
  readonly #events: FitEvent[] = [];
  #changed = (): void => {};
  #failures = 0;
  #readBytes = 0;
  #stopped = false;
  #pause: Promise<void> | null = null;

  constructor(
    private readonly reading: HeaderReading,
    private readonly fit: (read: ReadFile) => Promise<FitFile>,
  ) {}

  async *events(files: readonly RepositoryFile[], signal: AbortSignal): AsyncGenerator<FitEvent> {
    const state = { done: false };
    const work = this.#readAll(files, signal).finally(() => {
      state.done = true;
      this.#changed();
    });
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else if (state.done) break;
      else
        await new Promise<void>(resolve => {
          this.#changed = resolve;
        });
    }
    await work;
    yield { kind: "end", readBytes: this.#readBytes };
  }

  #emit(event: FitEvent): void {
    this.#events.push(event);
    this.#changed();
  }

  /** A vocabulary that was read serves later files: first one file, then one of each family, then the rest. */
  async #readAll(files: readonly RepositoryFile[], signal: AbortSignal): Promise<void> {
    const [first, ...more] = files;
    if (first === undefined) return;
    await this.#read(first, signal);
    const families = new Set([familyOf(first)]);
    const firsts = more.filter(file => families.size < families.add(familyOf(file)).size);
    await eachOf(firsts, AT_ONCE, file => this.#read(file, signal));
    const rest = more.filter(file => !firsts.includes(file));
    await eachOf(rest, AT_ONCE, file => this.#read(file, signal));
  }

  async #read(file: RepositoryFile, signal: AbortSignal): Promise<void> {
    for (let waits = 0; !this.#stopped && !signal.aborted; waits++) {
      await this.#pause;
      try {
        const { profile, readBytes } = await this.reading.read(file);
        this.#failures = 0;
        this.#readBytes += readBytes;
        this.#emit({ kind: "file", file: await this.fit({ file, profile }) });
        if (this.#readBytes > MOST_READ_BYTES)
          this.#stop(new RemoteHeaderError("TOO_LARGE", `The headers have more than ${MOST_READ_BYTES} bytes.`));
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (waits < MOST_WAITS && isWait(error)) this.#wait(error, signal);
        else return this.#fail(file, error);
      }
    }
  }

  #wait(error: RemoteHeaderError, signal: AbortSignal): void {
    if (this.#pause !== null) return;
    const seconds = error.waitSeconds ?? USUAL_WAIT_SECONDS;
    this.#emit({ kind: "wait", seconds, message: error.message });
    this.#pause = sleep(seconds * 1000, undefined, { signal })
      .catch(() => {})
      .finally(() => {
        this.#pause = null;
      });
  }

  #fail(file: RepositoryFile, error: unknown): void {
    if (this.#stopped) return;
    this.#emit({ kind: "file", file: { ...unplanned(file), problem: errorAnswer(error).body } });
    const code = errorCodeOf(error);
    this.#failures = code === "DOWNLOAD_FAILED" || code === "HUB_FAILED" ? this.#failures + 1 : 0;
    // A gated repository has the same answer for each of its files.
    if (code === "FORBIDDEN" || code === "BUSY" || this.#failures >= MOST_FAILURES) this.#stop(error);
  }

  #stop(error: unknown): void {
    this.#stopped = true;
    this.#emit({ kind: "problem", problem: errorAnswer(error).body });
  }
}

const isWait = (error: unknown): error is RemoteHeaderError =>
  error instanceof RemoteHeaderError && error.code === "BUSY";

const unplanned = ({ source, name, fileBytes, quantization, role }: RepositoryFile): FitFile => ({
  source,
  name,
  fileBytes,
  quantization,
  role,
  parts: splitPartCount(name),
  fits: null,
  plan: null,
  largestContextTokens: null,
  problem: null,
});

const fitWords = { full: "all", partial: "partial", "cpu-only": "cpu" } as const;

interface FitTo {
  readonly planner: Pick<Planner, "planForHeader">;
  /** "owner/repo": where downloads of this repository are in the models folder. */
  readonly folder: string;
  readonly settings: Settings;
  readonly report: GpuReport;
  readonly memory: SystemMemory;
  readonly machine: MachineSpeed;
}

async function fitOf({ file, profile }: ReadFile, to: FitTo): Promise<FitFile> {
  const row = unplanned(file);
  if (profile.role !== "text") return { ...row, role: profile.role };
  try {
    checkChatModel(profile, file.name);
    return { ...row, ...(await planOf(file, profile, to)) };
  } catch (error) {
    return { ...row, problem: errorAnswer(error).body };
  }
}

async function planOf(
  { source, name, quantization }: RepositoryFile,
  profile: ModelProfile,
  { planner, folder, settings, report, memory, machine }: FitTo,
) {
  const planned = await planner.planForHeader(profile, { ...settings, MODEL: source }, report, `${folder}/${name}`);
  const { surface, gpu, plan } = planned;
  const isEstimate = surface.detail === undefined && gpu !== null;
  const badge = badgePlan(planned, { useMmap: settings.USE_MMAP, machine, isEstimate });
  const longest = longestSearched(surface, settings.N_CTX);
  return {
    quantization: quantization ?? profile.quantization,
    fits: isRamShort(badge.ramNeed, memory) ? ("no" as const) : fitWords[plan.kind],
    plan: { ...badge, predicted: plan.predicted, ram: plan.ram },
    largestContextTokens:
      gpu === null
        ? largestContextInRam(surface, gpu, settings, { memory, useMmap: settings.USE_MMAP })
        : largestContext(surface, gpu, settings, leastFullPlacement(surface, gpu, settings), longest),
  };
}

function cardOf({ memory }: GpuReport, { TARGET_VRAM_USAGE }: Settings): Extract<FitEvent, { kind: "list" }>["card"] {
  if (memory === null) return null;
  const { name, totalBytes, usedByOthersBytes } = memory;
  return { name, totalBytes, othersBytes: usedByOthersBytes, targetBytes: Math.round(totalBytes * TARGET_VRAM_USAGE) };
}
