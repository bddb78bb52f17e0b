import { readEnvironment } from "@/lib/server/environment";
import { llamaBuildCommand } from "@/lib/server/llama-build/llama-build-command";

const { projectRoot, dataFolder, modelsFolder } = readEnvironment(process.env);
process.exit(await llamaBuildCommand(process.argv.slice(2), { projectRoot, dataFolder, modelsFolder }));
