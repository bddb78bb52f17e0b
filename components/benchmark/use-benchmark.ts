"use client";
import { useState } from "react";
import useSWR from "swr";
import { apiRequest, errorBody } from "@/lib/client/api-request";
import type { ErrorBody } from "@/lib/schema/api-error";
import { type BenchmarkState, benchmarkStateSchema } from "@/lib/schema/benchmark";

const PATH = "/api/benchmark";
/** Often enough for a bar that moves, and only while one runs. */
const POLL_MS = 700;

interface Benchmark {
  readonly state: BenchmarkState | null;
  /** Why it could not be read, started or cancelled. */
  readonly error: ErrorBody | null;
  readonly start: () => void;
  readonly cancel: () => void;
}

/** The benchmark as the server has it: it goes on there when this page is closed. */
export function useBenchmark(): Benchmark {
  const [refusal, setRefusal] = useState<ErrorBody | null>(null);
  const { data, error, mutate } = useSWR<BenchmarkState, unknown>(
    PATH,
    () => apiRequest({ path: PATH, schema: benchmarkStateSchema }),
    { refreshInterval: latest => (latest?.running ? POLL_MS : 0) },
  );
  const send = async (method: "POST" | "DELETE") => {
    setRefusal(null);
    try {
      await mutate(apiRequest({ path: PATH, method, schema: benchmarkStateSchema }), { revalidate: false });
    } catch (failure) {
      setRefusal(errorBody(failure));
    }
  };
  return {
    state: data ?? null,
    error: refusal ?? (error === undefined ? null : errorBody(error)),
    start: () => void send("POST"),
    cancel: () => void send("DELETE"),
  };
}
