import { classNames } from "@/components/ui/class-names";
import type { Difference } from "@/lib/client/planning/apply-difference";

interface DifferenceListProps {
  readonly differences: readonly Difference[];
  /** The class of each row, for lists whose rows are not side by side. */
  readonly rowClass?: string;
}

/** "KV cache 90 MiB → 180 MiB": what a change would alter, shown before it is applied. */
export function DifferenceList({ differences, rowClass }: DifferenceListProps) {
  if (differences.length === 0) return null;
  return (
    <dl className="flex flex-wrap gap-x-4 text-ink-2">
      {differences.map(({ name, before, after }) => (
        <div key={name} className={classNames("flex gap-1.5", rowClass)}>
          <dt>{name}</dt>
          <dd>
            {before} → <span className="font-semibold text-ink">{after}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
