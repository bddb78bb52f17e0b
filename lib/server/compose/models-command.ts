import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { HubSearchAnswer } from "@/lib/schema/models/remote-models";
import { RemoteHeaderError } from "@/lib/server/models/hub/remote-header-error";
import { listLibrary } from "@/lib/server/planning/list-library";
import { rememberDevice } from "@/lib/server/planning/remembered-engine";
import { logLevels, readEnvironment } from "@/lib/server/system/environment";
import { errorAnswer } from "@/lib/server/system/error-table";
import { escapeLine } from "@/lib/server/system/escape-line";
import { RequestError } from "@/lib/server/system/request-error";
import { StartError } from "@/lib/server/system/start-error";
import { formatBytes } from "@/lib/units/bytes";
import { fitCommand } from "./fit-command";
import { openLibrary } from "./library-holder";
import { type ModelsOptions, modelsUsage, parseModelsOptions } from "./models-options";
import { type ModelsCommandInput, type Run, say, whenHubAllows } from "./models-run";
import { libraryTable, repositoryTable, tableText } from "./models-tables";
import { UsageError } from "./plan-options";
import { planningServices } from "./planning-services";
import { pullCommand } from "./pull-command";

const EXIT_DONE = 0;
const EXIT_USAGE = 2;
const EXIT_REFUSED = 3;
const EXIT_NO_CONNECTION = 4;
/** 128 + SIGINT, as shells have it. */
const EXIT_STOPPED = 130;

/** `npm run models`: the library and the hub in the terminal. @returns the exit code */
export async function modelsCommand(input: ModelsCommandInput): Promise<number> {
  try {
    const options = parseModelsOptions(input.args);
    if (options.command === null) input.out(modelsUsage);
    else await runCommand(options, input);
    return EXIT_DONE;
  } catch (error) {
    input.progress(null);
    if (input.signal.aborted) {
      input.complain("Stopped. The same command goes on with what was fetched.");
      return EXIT_STOPPED;
    }
    const isUsage = error instanceof UsageError || error instanceof StartError;
    const { code, message } = errorAnswer(error).body;
    input.complain(escapeLine(isUsage ? error.message : `${code}: ${message}`));
    if (isUsage) return EXIT_USAGE;
    return code === "DOWNLOAD_FAILED" ? EXIT_NO_CONNECTION : EXIT_REFUSED;
  }
}

async function runCommand(options: ModelsOptions, input: ModelsCommandInput): Promise<void> {
  const environment = readEnvironment(input.env);
  const core = planningServices(environment, {
    onLog: (level, text) => {
      if (logLevels.indexOf(level) <= logLevels.indexOf(environment.logLevel)) input.complain(escapeLine(text));
    },
    mayRemember: true,
  });
  const run: Run = { ...input, options, environment, core };
  try {
    switch (options.command) {
      case "list":
        return await list(run);
      case "search":
        return await search(run);
      case "fit":
        return await fitCommand(run);
      case "pull":
        return await pullCommand(run);
      case "rm":
        return await remove(run);
      case "import":
        return await importModels(run);
    }
  } finally {
    core.gpu.close();
    await rememberDevice(core.engine, core.memo);
    await core.engine.shutdown();
    await core.dryRuns.end();
  }
}

async function list(run: Run): Promise<void> {
  const models = await listLibrary(run.core);
  const where = run.core.models.folders().join(" and ");
  say(run, { models }, models.length === 0 ? `There is no model in ${where}.` : libraryTable(models));
}

async function search(run: Run): Promise<void> {
  const { core, options } = run;
  const answer = await whenHubAllows(run, async () => {
    const found = await core.remoteModels.search(options.subject, options.sort);
    if (found.kind === "wait") throw new RemoteHeaderError("BUSY", found.message, { waitSeconds: found.seconds });
    return found;
  });
  say(run, answer, searchText(answer));
}

function searchText(answer: Exclude<HubSearchAnswer, { kind: "wait" }>): string {
  if (answer.kind === "file") return answer.source;
  if (answer.kind === "repository")
    return tableText(
      ["file", "size"],
      answer.files.map(({ source, fileBytes }) => [source, formatBytes(fileBytes)]),
    );
  return answer.repositories.length === 0 ? "Nothing matches." : repositoryTable(answer.repositories);
}

async function remove(run: Run): Promise<void> {
  const { core, environment, options, env } = run;
  const models = await core.models.listModels();
  const given = [options.subject, ...pathNames(options.subject, core.models.nameOf.bind(core.models), env)];
  const model = models.find(
    ({ name, origin }) => given.includes(name) || (origin !== null && given.includes(origin.path)),
  );
  if (model === undefined)
    throw new RequestError("MODEL_NOT_FOUND", `There is no model ${options.subject} in the library: list shows them.`);
  const library = await openLibrary(environment, core);
  try {
    if (model.origin === null) await library.moveToTrash(model.name);
    else await library.takeOffList(model.name);
  } finally {
    await library.close();
  }
  const done = model.origin === null ? "moved to the trash" : "taken off the list; its file stays where it is";
  say(run, { name: model.name, trashed: model.origin === null }, `${escapeLine(model.name)} is ${done}.`);
}

/** The names that a path from the user's folder would have in the library. npm starts us in the project's root (see INIT_CWD). */
const pathNames = (text: string, nameOf: (path: string) => string, env: Run["env"]): string[] =>
  [env.INIT_CWD, process.cwd()]
    .flatMap(folder => (folder ? [resolve(folder, text)] : []))
    .filter(path => existsSync(path))
    .map(nameOf);

async function importModels(run: Run): Promise<void> {
  const { core, environment, options, complain } = run;
  const { programs, withoutModels } = await core.programModels.list();
  for (const problem of programs.flatMap(({ problems }) => problems)) complain(escapeLine(problem));
  const rows = programs.flatMap(({ program, models }) => models.map(model => ({ program, ...model })));
  const added: string[] = [];
  const fresh = rows.filter(({ problem, usedAs }) => problem === null && usedAs === null);
  if (!options.isDryRun && fresh.length > 0) {
    const library = await openLibrary(environment, core);
    try {
      for (const { program, label } of fresh) added.push(await library.takeProgramModel(program, label));
    } finally {
      await library.close();
    }
  }
  const table = tableText(
    ["program", "model", "type", "size", ""],
    rows.map(({ program, label, about, fileBytes, problem, usedAs }) => [
      program,
      label,
      about?.quantization ?? "",
      formatBytes(fileBytes),
      problem?.message ??
        (usedAs !== null ? "in the library" : options.isDryRun ? "can be used" : "added, used in place"),
    ]),
  );
  say(
    run,
    { programs, added },
    rows.length === 0 ? `None of these programs has a model here: ${withoutModels.join(", ")}.` : table,
  );
}
