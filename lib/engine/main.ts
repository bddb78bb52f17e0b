import { commandEnvelopeSchema, type EngineMessage, engineEnvSchema } from "@/lib/schema/engine-messages";
import { EngineLog } from "./engine-log";
import { EngineProcess } from "./engine-process";
import { readVram, startLlamaBackend } from "./llama-backend";

/** Entry of the engine process: started by the supervisor with an IPC channel, and gone with it. */
const HEARTBEAT_MS = 1000;

const env = engineEnvSchema.parse(process.env);
const generation = env.HEADROOM_ENGINE_GENERATION;

function send(message: EngineMessage): void {
  if (process.connected) process.send?.({ generation, message });
}

// The parent is gone, however it went: nothing must keep the card's memory.
process.on("disconnect", () => process.exit(0));
// Standard output belongs to nobody here: what libraries print there goes to the log stream (trap 19).
console.log = console.error;
console.info = console.error;

const log = new EngineLog(({ level, text }) => send({ type: "log", level, text }));
const backend = await startLlamaBackend({ gpu: env.HEADROOM_ENGINE_GPU, build: env.HEADROOM_ENGINE_BUILD, log });
const engine = new EngineProcess(backend, send);

process.on("message", raw => {
  const envelope = commandEnvelopeSchema.safeParse(raw);
  if (!envelope.success) return log.write("warn", `A command could not be understood: ${envelope.error.message}`);
  if (envelope.data.generation !== generation) return;
  engine.handle(envelope.data.command);
  if (envelope.data.command.type === "shutdown") void engine.close().then(() => process.exit(0));
});
setInterval(() => send({ type: "heartbeat", busyWith: engine.busyWith }), HEARTBEAT_MS);
send({ type: "ready", info: backend.info, vram: await readVram(backend) });
