import { spawn } from "node:child_process";

/** A program that prints this much without a line break, or this many characters before it ends, is not printing lines for us. */
const MAX_LINE_CHARACTERS = 4096;
/** The part of its last output that is kept: enough for its own explanation. */
const KEPT_CHARACTERS = 2000;

/** How a program ended: it did not exist, or it ended by itself. `said` is what it printed last. */
export interface ProgramEnd {
  readonly isMissing: boolean;
  readonly said: string;
}

interface FollowOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Our environment. The program gets only the part that is needed to find programs and libraries. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onLine: (line: string) => void;
  /** Never called after `stop`. */
  readonly onEnd: (end: ProgramEnd) => void;
}

/**
 * Runs a line-printing program for as long as it is needed.
 *
 * @returns stop: kills it with all its children. It sends SIGKILL at once: a driver's tool that hangs ignores anything gentler.
 */
export function followLines({ command, args, env, onLine, onEnd }: FollowOptions): () => void {
  // It gets its own process group, so that its children are killed with it.
  const child = spawn(command, args, {
    env: programEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
  child.unref();
  let isStopped = false;
  let said = "";
  let pending = "";

  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    child.stdout.destroy();
    child.stderr.destroy();
    killGroup(child.pid);
  };
  const end = (isMissing: boolean): void => {
    if (isStopped) return;
    stop();
    onEnd({ isMissing, said });
  };
  const keep = (text: string): void => {
    said = (said + text).slice(-KEPT_CHARACTERS);
  };

  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    keep(text);
    const lines = (pending + text).split(/\r?\n/);
    pending = lines.pop() ?? "";
    for (const line of lines) if (!isStopped && line.trim() !== "") onLine(line);
    if (pending.length > MAX_LINE_CHARACTERS) end(false);
  });
  child.stderr.setEncoding("utf8").on("data", keep);
  child.on("error", error => end("code" in error && error.code === "ENOENT"));
  child.on("close", () => end(false));
  return stop;
}

/** None of our tokens is passed on, and numbers come with a decimal point. */
function programEnvironment(env: FollowOptions["env"]): NodeJS.ProcessEnv {
  const passed = ["PATH", "LD_LIBRARY_PATH", "SystemRoot", "ProgramFiles"].map(name => [name, env[name]]);
  return { NODE_ENV: "production", LC_ALL: "C", ...Object.fromEntries(passed.filter(([, value]) => value)) };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
