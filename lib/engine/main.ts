import { Console } from "node:console";
import { commandEnvelopeSchema, type EngineCommand, engineEnvSchema } from "@/lib/schema/engine-commands";
import { EngineLog } from "./engine-log";
import { Outbox } from "./outbox";

/** Entry of the engine process: started by the supervisor with an IPC channel, and gone with it. */
const HEARTBEAT_MS = 1000;

const env = engineEnvSchema.parse(process.env);
const generation = env.HEADROOM_ENGINE_GENERATION;

const outbox = new Outbox(messages => {
  if (process.connected) process.send?.({ generation, messages });
});
const send = outbox.add;

// The parent has ended, for whatever reason. The card's memory must be freed, and an orderly exit would wait for the running step.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
// Standard output is not used here: what libraries print goes to the log (engine.md, trap 19).
globalThis.console = new Console(process.stderr);

const log = new EngineLog(({ level, text }) => send({ type: "log", level, text }));
process.on("unhandledRejection", reason => log.write("error", `Unhandled rejection: ${String(reason)}`));

const waiting: EngineCommand[] = [];
let handle = (command: EngineCommand): void => void waiting.push(command);
process.on("message", raw => {
  const envelope = commandEnvelopeSchema.safeParse(raw);
  if (!envelope.success) log.write("warn", `A command could not be understood: ${envelope.error.message}`);
  else if (envelope.data.generation === generation) handle(envelope.data.command);
});

let beat = (): string | null => null;
setInterval(() => send({ type: "heartbeat", busyWith: beat() }), HEARTBEAT_MS);

// Loading the library takes most of the start. It is loaded only now, so that this process already sends heartbeats and hears commands.
const { readVram, startLlamaBackend } = await import("./backend/llama-backend");
const starting = startLlamaBackend({
  gpu: env.HEADROOM_ENGINE_GPU,
  build: env.HEADROOM_ENGINE_BUILD,
  log,
  onPlacement: lever => send({ type: "placement", lever }),
});
// Loaded while the library tests its binaries in a separate process.
const { EngineProcess } = await import("./engine-process");
const backend = await starting;
const engine = new EngineProcess(backend, send);
beat = () => engine.beat();
const stop = () =>
  void engine.close().finally(() => {
    outbox.flush();
    process.exit(0);
  });
process.on("SIGTERM", stop);
// Ctrl+C in a console of Windows reaches every program of it. The server then ends this one.
process.on("SIGINT", stop);

send({ type: "ready", info: backend.info, vram: await readVram(backend) });
handle = command => {
  if (command.type === "cancel") engine.cancel(command.target);
  else engine.handle(command);
};
for (const command of waiting) handle(command);
