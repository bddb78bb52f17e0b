"use client";
import { useState } from "react";
import { Card } from "@/components/ui/card";
import { Problem } from "@/components/ui/problem";
import { Select } from "@/components/ui/select";
import { Skeleton } from "@/components/ui/skeleton";
import { LayerMap } from "@/components/vram/layers/layer-map";
import { LayerMapSummary } from "@/components/vram/layers/layer-map-summary";
import { useModelLayers } from "@/lib/client/models/model-details";
import { type KvType, kvTypeSchema } from "@/lib/schema/plans/kv-type";
import { contextChoices, kvChoices } from "../planning-for";
import { LayerCostTable } from "./layer-cost-table";

/** What each layer costs, for a context and KV cache that can be chosen. Choosing changes no setting. */
export function ModelLayersCard({ name }: { readonly name: string }) {
  const [contextTokens, setContextTokens] = useState<number>();
  const [kvType, setKvType] = useState<KvType>();
  const { data, error } = useModelLayers({ name, N_CTX: contextTokens, KV_CACHE_QUANT: kvType });
  if (error !== null) return <Problem message={error.message} next={error.next} code={error.code} />;
  if (data === null) return <Skeleton className="h-60" />;
  return (
    <Card heading="Layers" aside={data.hasGpu ? `${data.gpuLayers} of ${data.totalLayers} on the GPU` : undefined}>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <span>
          <Select
            label="Context of the layers"
            value={String(contextTokens ?? data.contextTokens)}
            choices={contextChoices(contextTokens ?? data.contextTokens)}
            onChange={value => setContextTokens(Number(value))}
          />
        </span>
        <span>
          <Select
            label="KV cache of the layers"
            value={kvType ?? data.kvType}
            choices={kvChoices}
            onChange={value => setKvType(kvTypeSchema.parse(value))}
          />
        </span>
      </div>
      <LayerMap plan={data} hasGpu={data.hasGpu} />
      <LayerMapSummary plan={data} hasGpu={data.hasGpu} />
      <details className="mt-3">
        <summary className="min-h-6 cursor-pointer text-sm">As a table</summary>
        <LayerCostTable layers={data.perLayer} hasGpu={data.hasGpu} />
      </details>
    </Card>
  );
}
