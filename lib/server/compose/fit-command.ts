import { bestFile } from "@/lib/plan/words/rank-files";
import { type FitFile, fitQuerySchema } from "@/lib/schema/models/remote-models";
import { fitRepository } from "@/lib/server/planning/fit-repository";
import { RequestError } from "@/lib/server/system/request-error";
import { barOf, type Run, repositoryOf, say, whenHubAllows } from "./models-run";
import { fitTable } from "./models-tables";

/** `npm run models -- fit`: how each file of a repository would run here. */
export async function fitCommand(run: Run): Promise<void> {
  const { repository, files, contextTokens } = await readFit(run, repositoryOf(run));
  const best = bestFile(files, contextTokens);
  const json = {
    repo: repository,
    files: files.map(({ name, fileBytes, quantization, role, fits, plan, largestContextTokens, problem, source }) => ({
      file: name,
      bytes: fileBytes,
      quantization,
      role,
      fits,
      plan: plan && {
        kind: plan.kind,
        gpuLayers: plan.gpuLayers,
        totalLayers: plan.totalLayers,
        placement: { gpuLayers: plan.gpuLayers, expertBlocksInRam: plan.expertBlocksInRam ?? 0 },
        predicted: plan.predicted,
        ram: plan.ram,
      },
      largestContextTokens,
      speed: plan?.speed ?? null,
      problem,
      best: source === best?.source,
    })),
  };
  say(run, json, [fitTable(files, best?.source ?? null), ...(best === null ? [] : [best.reason])].join("\n\n"));
}

interface ReadFit {
  readonly repository: string;
  readonly files: readonly FitFile[];
  readonly contextTokens: number;
}

/** Reads the headers of a repository. A problem that ends it early is only fatal when nothing was planned. */
export async function readFit(run: Run, repository: string): Promise<ReadFit> {
  const { core, options, signal, progress, complain } = run;
  const files = new Map<string, FitFile>();
  const query = fitQuerySchema.parse({ repository, ...options.choices });
  let name = repository;
  let planned = 0;
  let known = 0;
  for await (const event of await whenHubAllows(run, async () => startFit(fitRepository(core, query, signal)))) {
    if (event.kind === "list") {
      name = event.repository;
      planned = event.planned;
      for (const file of event.files) files.set(file.source, file);
    } else if (event.kind === "file") {
      files.set(event.file.source, event.file);
      known += 1;
    } else if (event.kind === "wait") complain(`${event.message} Waiting ${event.seconds} s.`);
    else if (event.kind === "problem") {
      if (known === 0 || [...files.values()].every(({ plan }) => plan === null))
        throw new RequestError(event.problem.code, event.problem.message);
      complain(event.problem.message);
    }
    progress(`${barOf(planned === 0 ? null : known / planned)} header ${known} of ${planned}`);
  }
  progress(null);
  const contextTokens = options.choices.N_CTX ?? core.settings.read().N_CTX;
  return { repository: name, files: [...files.values()], contextTokens };
}

/** The hub's refusal of the list is thrown here, where it is asked again, and not inside the loop over the events. */
async function startFit<Event>(events: AsyncGenerator<Event>): Promise<AsyncIterable<Event>> {
  const first = await events.next();
  return (async function* () {
    if (!first.done) yield first.value;
    yield* events;
  })();
}
