import { execFileSync, spawn } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";

/**
 * Each command ends when its starter ends. A service manager or `kill` ends npm and its shell, but the program that they run gets no
 * signal. So the program checks whether they are still running. A command that npm did not start has no such starter and continues
 * when its shell ends, as people expect with nohup, setsid or a terminal multiplexer.
 */
const LOOK_MS = 500;
/** Time after a signal until processes that still run are killed. The server takes 4.5 s at most. */
const PATIENCE_MS = 6000;
const hasGroups = process.platform !== "win32";

/** Parent and command line of a process; null for one that has ended, or where the system does not report them. */
function processFacts(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return state === "Z" ? null : { parent: Number(parent), command };
  } catch {
    return process.platform === "linux" ? null : factsOfPs(pid);
  }
}

function factsOfPs(pid) {
  try {
    const line = execFileSync("ps", ["-o", "ppid=,args=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [, parent, command] = /^\s*(\d+)\s+(.*)/s.exec(line) ?? [];
    return parent === undefined ? null : { parent: Number(parent), command };
  } catch {
    return null;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  return process.platform !== "linux" || processFacts(pid) !== null;
}

function realPathOf(path) {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * npm, and the shell that it runs scripts with; none if npm did not start us. npm's environment variables alone prove nothing,
 * because every process below `npm test` or `npm exec` inherits them. So our parent must be the shell that runs this script, or npm
 * itself, because some shells replace themselves with the program.
 */
function starters(packagePath) {
  const { npm_lifecycle_script: script, npm_package_json: startedPackage } = process.env;
  if (!script || !startedPackage || realPathOf(startedPackage) !== realPathOf(packagePath)) return [];
  const parent = processFacts(process.ppid);
  if (parent === null) return process.platform === "win32" ? [process.ppid] : [];
  const [, shellScript] = /^\S*\b(?:sh|bash|dash|zsh) -c (.*)/s.exec(parent.command) ?? [];
  if (shellScript !== undefined) return shellScript.startsWith(script) ? [process.ppid, parent.parent] : [];
  return /^npm\b|\bnpm-cli\.js\b/.test(parent.command) ? [process.ppid] : [];
}

const running = new Set();
let endedBy = null;
process.on("exit", () => signalAll("SIGTERM"));

/** Windows has no signals: `kill` ends a program at once. One that has a channel to us shuts down in order when the channel closes. */
function signalOne(child, signal) {
  if (hasGroups) process.kill(-child.pid, signal);
  else if (signal !== "SIGKILL" && child.connected) child.disconnect();
  else child.kill(signal);
}

function signalAll(signal) {
  for (const child of running) {
    try {
      signalOne(child, signal);
    } catch {
      // It has already ended.
    }
  }
}

/** Ends the program started with `startProgram`, which then ends this process. Without such a program, this process gets the signal. */
function end(signal) {
  if (running.size === 0) process.kill(process.pid, signal);
  endedBy = signal;
  signalAll(signal);
  setTimeout(() => signalAll("SIGKILL"), PATIENCE_MS).unref();
}

/**
 * Starts a program that ends with this process, together with all its children. It leads its own process group, which gets each
 * signal once. Otherwise Ctrl+C in a terminal would reach it twice, from the terminal and from here.
 *
 * @returns the child, and a promise of its exit code; a code such as 143 if this process was told to end
 */
export function startProgram(program, args, options) {
  const child = spawn(program, args, { ...options, detached: hasGroups });
  if (running.size === 0) for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);
  running.add(child);
  const exitCode = new Promise(resolve => {
    child.once("error", error => {
      console.error(error.message);
      resolve(1);
    });
    child.once("close", (code, signal) => resolve(code ?? (signal ? 0 : 1)));
  }).finally(() => {
    running.delete(child);
    if (running.size === 0) for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, end);
  });
  return { child, exitCode };
}

/** Asks a program that `startProgram` started to shut down. */
export const askToEnd = child => signalOne(child, "SIGTERM");

/** The signal that told this process to end, or null. A command with several steps stops after the present step. */
export const toldToEnd = () => endedBy;

/** @param packagePath this package's own package.json */
export function endWithStarter(packagePath) {
  const pids = starters(packagePath);
  if (pids.length === 0) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent && pids.every(isRunning)) return;
    clearInterval(timer);
    end("SIGTERM");
  }, LOOK_MS);
  timer.unref();
}
