import { writeFileSync } from "node:fs";

/** A reporter of vitest that writes each case as {title, state, reason}. Vitest's own JSON leaves out why a case was skipped. */
export default class CaseReporter {
  onTestRunEnd(modules, errors) {
    const cases = modules.flatMap(module => [
      ...module.errors().map(({ message }) => ({ title: `${module.relativeModuleId}: ${message}`, state: "failed" })),
      ...[...module.children.allTests()].map(test => {
        const { state, note } = test.result();
        return {
          title: test.fullName,
          state: state === "passed" || state === "failed" ? state : "skipped",
          reason: note,
        };
      }),
    ]);
    cases.push(...errors.map(({ message }) => ({ title: `outside the cases: ${message}`, state: "failed" })));
    writeFileSync(process.env.HEADROOM_CASES, JSON.stringify(cases));
  }
}
