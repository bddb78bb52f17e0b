import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where `os.tmpdir` looks, on every system. */
const VARIABLES = ["TMPDIR", "TEMP", "TMP"];

/**
 * Before all tests of a run: what they write to the system's folder for temporary files goes to one folder of the run.
 *
 * A test that fails, is stopped or ends a process by force cannot tidy up after itself: thousands of folders with models in them were left.
 *
 * @returns removes the folder after the run
 */
export default function ownTempFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "headroom-tests-"));
  // Some tests run a part as another user.
  chmodSync(folder, 0o755);
  for (const name of VARIABLES) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
