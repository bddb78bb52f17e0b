/** A thin bar under a number. The number gives the value, and the bar lets the eye compare. */
export function ShareBar({ share, fill }: { readonly share: number; readonly fill: string }) {
  return (
    <svg aria-hidden="true" className="mt-1 ml-auto block h-1 w-full rounded-full bg-sunken @xl:w-14 @3xl:w-28">
      <rect width={`${Math.min(1, share) * 100}%`} height="100%" rx="2" fill={fill} />
    </svg>
  );
}
