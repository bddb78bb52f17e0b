import { llamaBuildCommand } from "@/lib/server/llama-build/llama-build-command";
import { readEnvironment } from "@/lib/server/system/environment";

const { projectRoot, dataFolder, modelsFolder } = readEnvironment(process.env);
process.exit(await llamaBuildCommand(process.argv.slice(2), { projectRoot, dataFolder, modelsFolder }));
