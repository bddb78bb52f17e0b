"use client";
import { useDownloadOf } from "@/lib/client/models/download-store";
import type { Download } from "@/lib/schema/models/download";
import type { ModelPickAnswer } from "@/lib/schema/models/model-picks";

/** Why a download does not go on. */
const reasonOf = (download: Download | undefined) =>
  download?.state === "failed" ? download.error : download?.state === "waiting" ? download.why : null;

/** Why the file of a pick could not be read or fetched; nothing while all is well. */
export function PickProblem({ pick }: { readonly pick: ModelPickAnswer }) {
  const problem = reasonOf(useDownloadOf(pick.source)) ?? pick.problem;
  if (problem === null) return null;
  return (
    <p role="alert" className="text-sm text-warn">
      {problem.message} {problem.next}
    </p>
  );
}
