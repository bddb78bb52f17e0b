import { readMetrics } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";
import { metricsText } from "@/lib/server/http/metrics-text";

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export const GET = route(
  readMetrics,
  ({ services: { answers, embeddings, host } }) =>
    new Response(metricsText(answers.totals(), host.snapshot(), embeddings.held), {
      headers: { "content-type": CONTENT_TYPE },
    }),
);
