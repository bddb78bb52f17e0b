import { memo } from "react";
import { classNames } from "@/components/ui/class-names";
import type { PlannedLayer } from "@/lib/plan/cards/layer-plan";
import { cardFill } from "../card-looks";
import { layerInWords, layerShortName } from "./layer-words";

interface LayerCellProps {
  readonly layer: PlannedLayer;
  readonly id: string;
  /** The number of bytes that fills a cell completely. */
  readonly scaleBytes: number;
  readonly isActive: boolean;
  /** Drawn weaker than the layers on the GPU. */
  readonly isFaded: boolean;
  /** With several cards, the one that has it. */
  readonly cardName?: string | undefined;
}

const kvFill = { "sliding-window": "url(#kv-window)", recurrent: "url(#kv-recurrent)" } as const;

const sameCell = (before: LayerCellProps, after: LayerCellProps): boolean =>
  before.isActive === after.isActive &&
  before.isFaded === after.isFaded &&
  before.scaleBytes === after.scaleBytes &&
  before.cardName === after.cardName &&
  before.layer.card === after.layer.card &&
  before.layer.device === after.layer.device &&
  before.layer.weightsBytes === after.layer.weightsBytes &&
  before.layer.kvBytes === after.layer.kvBytes &&
  before.layer.expertBytesInRam === after.layer.expertBytesInRam &&
  before.layer.kind === after.layer.kind;

/** One layer: its weights, the KV cache on top of them and, faded, experts in system memory, on the scale of the whole map. */
export const LayerCell = memo(function LayerCell(props: LayerCellProps) {
  const { layer, id, scaleBytes, isActive, isFaded, cardName } = props;
  const percent = (bytes: number) => Math.min(100, (bytes / scaleBytes) * 100);
  const apart = percent(layer.expertBytesInRam);
  const weights = percent(layer.weightsBytes) - apart;
  const kv = Math.min(100 - weights - apart, percent(layer.kvBytes));
  const fill = layer.kind in kvFill ? kvFill[layer.kind as keyof typeof kvFill] : "var(--kv)";
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the map has the focus and names this cell by aria-activedescendant.
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      aria-label={layerInWords(layer, cardName)}
      data-layer={layer.index}
      className={classNames(
        "relative max-h-60 min-h-(--cell-height) overflow-hidden rounded-cell border text-center",
        isFaded ? "border-line-strong/60 border-dashed bg-sunken" : "border-line-strong bg-raised",
        isActive && "outline-2 outline-accent outline-offset-1",
      )}
    >
      <span className={classNames("block pt-0.5 leading-[14px]", isFaded ? "text-ink-3" : "text-ink-2")}>
        {layerShortName(layer)}
      </span>
      <svg
        aria-hidden="true"
        viewBox="0 0 10 100"
        preserveAspectRatio="none"
        className={classNames(
          "absolute inset-x-0 bottom-0 h-[calc(100%-17px)] w-full transition-opacity duration-120",
          isFaded && "opacity-30",
        )}
      >
        <rect y={100 - weights} width="10" height={weights} fill={cardFill(layer.card)} />
        {layer.experts > 0 && apart === 0 && (
          <rect y={100 - weights} width="10" height={weights} fill="url(#experts-lines)" />
        )}
        <rect y={100 - weights - kv} width="10" height={kv} fill={fill} />
        {apart > 0 && (
          <rect y={100 - weights - kv - apart} width="10" height={apart} fill="url(#weights-experts)" opacity="0.3" />
        )}
      </svg>
    </div>
  );
}, sameCell);
