import type { ErrorBody } from "@/lib/schema/api-error";

/** What went wrong, and the next step where there is one. */
export function BenchmarkProblem({ problem }: { readonly problem: ErrorBody }) {
  const isCancelled = problem.code === "CANCELLED";
  return (
    <p
      role={isCancelled ? "status" : "alert"}
      className={isCancelled ? "text-ink-2 text-sm" : "rounded-control bg-bad-soft px-3 py-2 text-bad text-sm"}
    >
      {problem.message} {problem.next}
    </p>
  );
}
