"use client";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { apiRequest } from "@/lib/client/api-request";
import { applySettings } from "@/lib/client/settings-store";
import { planWith } from "@/lib/schema/api";
import { MAX_CONTEXT_TOKENS } from "@/lib/schema/settings";
import { formatTokens } from "@/lib/units/tokens";
import { showFailure } from "./show-failure";

/** The next power of two that holds it, and some turns more. */
const enlargedTokens = (neededTokens: number): number =>
  Math.min(MAX_CONTEXT_TOKENS, 2 ** Math.ceil(Math.log2(neededTokens * 1.25)));

/** A larger context, with the layers that it leaves on the GPU, before it is paid. */
export function EnlargeContext({ neededTokens }: { readonly neededTokens: number }) {
  const contextTokens = enlargedTokens(neededTokens);
  const [cost, setCost] = useState("");
  useEffect(() => {
    const controller = new AbortController();
    apiRequest(planWith, { body: { N_CTX: contextTokens }, signal: controller.signal }).then(
      ({ plan }) => setCost(plan.gpuLayers === 0 ? "" : `: ${plan.gpuLayers} of ${plan.totalLayers} layers on GPU`),
      () => {},
    );
    return () => controller.abort();
  }, [contextTokens]);
  const enlarge = () => applySettings({ N_CTX: contextTokens }).catch(showFailure("The context was not enlarged"));
  return (
    <Button size="sm" onClick={enlarge}>
      Enlarge the context to {formatTokens(contextTokens)}
      {cost}
    </Button>
  );
}
