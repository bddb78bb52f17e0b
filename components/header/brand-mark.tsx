/** The mark shows two parts of memory in use, and the line they stay under. */
export function BrandMark() {
  return (
    <svg width={22} height={22} viewBox="0 0 22 22" aria-hidden="true" className="shrink-0">
      <rect x="1" y="14" width="20" height="6" rx="2" fill="var(--weights)" />
      <rect x="1" y="8.5" width="20" height="4" rx="2" fill="var(--kv)" />
      <path d="M2 3.5h18" stroke="var(--accent)" strokeWidth="2" strokeDasharray="3 2" />
    </svg>
  );
}
