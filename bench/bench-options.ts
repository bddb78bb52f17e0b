/** `npm run bench -- suite [--json]`: each suite prints a table with ratios; --json prints the same figures for programs. */
export interface BenchOptions {
  readonly json: boolean;
  /** The arguments after the suite's name. */
  readonly args: readonly string[];
}
