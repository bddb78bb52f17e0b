import type { LocalModel } from "@/lib/schema/models/local-model";
import type { ProgramModel, ProgramModelsAnswer, ProgramName } from "@/lib/schema/models/program-models";
import { errorAnswer } from "@/lib/server/system/error-table";
import type { AddedFiles } from "../library/added-files";
import { ModelFileError } from "../library/model-file-error";
import type { ModelFiles } from "../library/model-files";
import { findProgramModels } from "./find-program-models";
import type { FoundProgramModel, UserSystem } from "./program-places";

interface ProgramModelsOptions {
  readonly computer: UserSystem;
  readonly models: Pick<ModelFiles, "describe" | "readChatProfile">;
  readonly added: Pick<AddedFiles, "list" | "add">;
}

/** Models of other programs on this computer. It looks only when asked, and changes nothing of theirs. */
export class ProgramModels {
  constructor(private readonly options: ProgramModelsOptions) {}

  async list(): Promise<ProgramModelsAnswer> {
    const found = await findProgramModels(this.options.computer);
    const programs: ProgramModelsAnswer["programs"] = [];
    for (const { program, models, problems } of found) {
      const described: ProgramModel[] = [];
      for (const model of models) {
        const entry = await this.#describe(model);
        if (entry !== null) described.push(entry);
      }
      if (described.length > 0 || problems.length > 0)
        programs.push({ program, models: described, problems: [...problems] });
    }
    const named = new Set(programs.map(({ program }) => program));
    return { programs, withoutModels: found.map(({ program }) => program).filter(program => !named.has(program)) };
  }

  /**
   * Uses a model of another program where it is.
   *
   * @returns its name in the library
   * @throws ModelFileError, GgufFormatError for a file that is no chat model
   */
  async use(program: ProgramName, label: string): Promise<string> {
    const found = await findProgramModels(this.options.computer);
    const model = found.find(each => each.program === program)?.models.find(each => each.label === label);
    if (model === undefined)
      throw new ModelFileError("MODEL_NOT_FOUND", `${program} no longer has ${label}: look again.`);
    if (model.problem !== null) throw model.problem;
    await this.options.models.readChatProfile(model.path);
    return this.options.added.add(model.path, program, label);
  }

  /** null for files that cannot chat, such as the image part of another model, and for later parts of split ones. */
  async #describe({ label, path, problem }: FoundProgramModel): Promise<ProgramModel | null> {
    const usedAs = this.options.added.list().find(file => file.path === path)?.name ?? null;
    if (problem !== null) return { label, path, fileBytes: 0, about: null, problem: errorAnswer(problem).body, usedAs };
    const model = await this.options.models.describe(path);
    if (model === null || (model.profile !== null && model.profile.role !== "text")) return null;
    return { label, path, fileBytes: model.fileBytes, about: aboutOf(model.profile), problem: model.problem, usedAs };
  }
}

const aboutOf = (profile: LocalModel["profile"]): ProgramModel["about"] =>
  profile && {
    architecture: profile.architecture,
    parameters: profile.parameters,
    quantization: profile.quantization,
  };
