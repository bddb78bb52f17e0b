import { Skeleton } from "@/components/ui/skeleton";

/** The dashboard's outline while surface and settings are loading. */
export function DashboardLoading() {
  return (
    <div
      role="status"
      aria-label="Reading the model and the card"
      className="grid w-full grid-cols-1 gap-4 p-3 sm:p-4 lg:grid-cols-[336px_minmax(0,1fr)]"
    >
      <Skeleton className="hidden h-[680px] lg:block" />
      <div className="flex min-w-0 flex-col gap-4">
        <Skeleton className="h-44" />
        <Skeleton className="h-72" />
        <div className="grid gap-4 xl:grid-cols-2">
          <Skeleton className="h-80" />
          <Skeleton className="h-80" />
        </div>
      </div>
    </div>
  );
}
