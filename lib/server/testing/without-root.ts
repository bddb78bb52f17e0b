const NOBODY = 65_534;

/** Runs this with the rights of a user who may only do what everybody may. Root would be refused nothing. */
export async function withoutRoot<Result>(run: () => Promise<Result>): Promise<Result> {
  if (process.getuid?.() !== 0) return run();
  process.seteuid?.(NOBODY);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}
