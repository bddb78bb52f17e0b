/** Patterns that distinguish kinds of layer without another colour. Any SVG of the page may refer to them. */
export function LayerPatterns() {
  return (
    <svg aria-hidden="true" width="0" height="0" className="absolute">
      <defs>
        <pattern id="kv-window" width="10" height="14" patternUnits="userSpaceOnUse">
          <rect width="10" height="14" fill="var(--kv)" />
          <rect width="10" height="5" fill="var(--surface)" opacity="0.55" />
        </pattern>
        <pattern id="kv-recurrent" width="5" height="14" patternUnits="userSpaceOnUse">
          <rect width="5" height="14" fill="var(--kv)" />
          <rect x="1" y="3" width="2" height="8" fill="var(--surface)" opacity="0.6" />
        </pattern>
        <pattern id="experts-lines" width="5" height="20" patternUnits="userSpaceOnUse">
          <rect width="0.8" height="20" fill="var(--surface)" opacity="0.6" />
        </pattern>
        <pattern id="weights-experts" width="5" height="20" patternUnits="userSpaceOnUse">
          <rect width="5" height="20" fill="var(--weights)" />
          <rect width="0.8" height="20" fill="var(--surface)" opacity="0.6" />
        </pattern>
      </defs>
    </svg>
  );
}
