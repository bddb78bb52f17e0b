"use client";
import { useId, useRef, useState } from "react";
import { classNames } from "@/components/ui/class-names";
import type { LayerPlan, PlannedLayer } from "@/lib/plan/cards/layer-plan";
import { cardName } from "@/lib/plan/words/placement-words";
import { LayerCell } from "./layer-cell";
import { LayerPatterns } from "./layer-patterns";
import { layerInWords } from "./layer-words";

/** With more cells than this, they shrink so that a phone shows the whole model on one screen. */
const DENSE_ABOVE_LAYERS = 48;

/** Blocks set the scale, because the embedding of a small model can be larger than all of them together. */
const scaleOf = (layers: readonly PlannedLayer[]): number =>
  Math.max(1, ...layers.filter(layer => layer.role === "block").map(layer => layer.weightsBytes + layer.kvBytes));

interface LayerMapProps {
  readonly plan: Pick<LayerPlan, "perLayer" | "gpuLayers" | "totalLayers"> & Partial<Pick<LayerPlan, "cards">>;
  /** Without a GPU there is nothing to distinguish: every layer is in system memory. */
  readonly hasGpu: boolean;
}

/** Shows where every layer goes. The keyboard focus stops here once; arrows move over the cells, and the line below reads them. */
export function LayerMap({ plan, hasGpu }: LayerMapProps) {
  const [active, setActive] = useState<number | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const idPrefix = useId();
  const layers = plan.perLayer;
  const scaleBytes = scaleOf(layers);
  const activeLayer = active === null ? undefined : layers[active];
  const cardNameOf = (layer: PlannedLayer): string | undefined => {
    const card = plan.cards?.[layer.card ?? -1];
    return card && cardName(card, plan.cards ?? []);
  };
  const move = (event: React.KeyboardEvent) => {
    const next = movedIndex(event.key, active ?? -1, layers.length, columnsOf(grid.current));
    if (next === null) return;
    event.preventDefault();
    setActive(next);
  };
  const point = (event: React.PointerEvent) => {
    const cell = event.target instanceof Element ? event.target.closest("[data-layer]") : null;
    if (cell instanceof HTMLElement) setActive(Number(cell.dataset.layer) + 1);
  };
  return (
    <>
      <LayerPatterns />
      <div
        ref={grid}
        role="listbox"
        tabIndex={0}
        aria-label={
          hasGpu ? `Layers: ${plan.gpuLayers} of ${plan.totalLayers} on the GPU` : "Layers, all in system memory"
        }
        aria-activedescendant={active === null ? undefined : `${idPrefix}${active}`}
        onKeyDown={move}
        onFocus={() => setActive(current => current ?? 0)}
        onBlur={() => setActive(null)}
        onPointerOver={point}
        onPointerDown={point}
        onPointerLeave={() => setActive(null)}
        className={classNames(
          "grid flex-1 auto-rows-[minmax(var(--cell-height),1fr)] content-start gap-1 rounded-control outline-offset-4",
          layers.length > DENSE_ABOVE_LAYERS
            ? "grid-cols-[repeat(auto-fill,minmax(25px,1fr))] text-[10px] [--cell-height:44px]"
            : "grid-cols-[repeat(auto-fill,minmax(32px,1fr))] text-[11px] [--cell-height:54px] xl:[--cell-height:68px]",
        )}
      >
        {layers.map((layer, index) => (
          <LayerCell
            key={layer.index}
            id={`${idPrefix}${index}`}
            layer={layer}
            scaleBytes={scaleBytes}
            cardName={cardNameOf(layer)}
            isActive={index === active}
            isFaded={hasGpu && layer.device === "cpu"}
          />
        ))}
      </div>
      <p className="mt-2 min-h-9 text-ink-2 text-sm sm:min-h-5">
        {activeLayer === undefined
          ? "Point at a layer, or move with the arrow keys, to read its bytes."
          : layerInWords(activeLayer, cardNameOf(activeLayer))}
      </p>
    </>
  );
}

const columnsOf = (grid: HTMLElement | null): number =>
  grid === null ? 1 : getComputedStyle(grid).gridTemplateColumns.split(" ").length;

/** The index that an arrow key leads to, kept within the map; null for any other key. */
export function movedIndex(key: string, from: number, count: number, columns: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    Home: -count,
    End: count,
  };
  const step = steps[key];
  if (step === undefined) return null;
  const to = from + step;
  const leavesRow = Math.abs(step) === columns && columns > 1 && (to < 0 || to >= count);
  return leavesRow ? from : Math.min(Math.max(to, 0), count - 1);
}
