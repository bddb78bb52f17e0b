import { expertsInWords, layersInWords } from "@/lib/plan/words/placement-words";
import type { BadgePlan, LocalModel } from "@/lib/schema/models/local-model";
import type { FitFile, HubRepository } from "@/lib/schema/models/remote-models";
import { escapeLine } from "@/lib/server/system/escape-line";
import { formatBytes } from "@/lib/units/bytes";
import { formatRate, formatTokensShort } from "@/lib/units/tokens";

/** Lines of a table: the first column is left-aligned, the others as given. Names may come from anybody, so no cell has control characters. */
export function tableText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map(cells => cells.map(escapeLine));
  const widths = header.map((_, column) => Math.max(...lines.map(cells => cells[column]?.length ?? 0)));
  return lines
    .map(cells =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const placeWords = (plan: BadgePlan): string =>
  plan.kind === "cpu-only" ? "CPU" : `${layersInWords(plan)}${expertsInWords(plan)}`;

function speedWords({ speed }: BadgePlan): string {
  if (speed === null) return "";
  const [low, high] = [formatRate(speed.decodeEmpty.low), formatRate(speed.decodeEmpty.high)];
  return low === high ? low : `${low}-${high}`;
}

export const libraryTable = (models: readonly LocalModel[]): string =>
  tableText(
    ["model", "type", "size", "plan", "tokens/s"],
    models.map(({ name, profile, fileBytes, plan, problem }) => [
      name,
      profile?.quantization ?? "",
      formatBytes(fileBytes),
      plan === null ? (problem === null ? "cannot chat" : problem.code) : placeWords(plan),
      plan === null ? "" : speedWords(plan),
    ]),
  );

export const repositoryTable = (repositories: readonly HubRepository[]): string =>
  tableText(
    ["repository", "licence", "downloads", "likes", "changed", ""],
    repositories.map(({ name, licence, downloads, likes, changedAt, isGated }) => [
      name,
      licence ?? "",
      String(downloads),
      String(likes),
      changedAt?.slice(0, 10) ?? "",
      isGated ? "gated" : "",
    ]),
  );

const fitWords = (file: FitFile): string => {
  if (file.plan === null) return file.problem?.code ?? file.role;
  return file.fits === "no" ? "more memory than there is" : placeWords(file.plan);
};

export const fitTable = (files: readonly FitFile[], best: string | null): string =>
  tableText(
    ["file", "size", "plan", "tokens/s", "context", ""],
    files.map(file => [
      file.name,
      formatBytes(file.fileBytes),
      fitWords(file),
      file.plan === null ? "" : speedWords(file.plan),
      file.largestContextTokens === null ? "" : formatTokensShort(file.largestContextTokens),
      file.source === best ? "best here" : "",
    ]),
  );
