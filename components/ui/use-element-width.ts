import { useLayoutEffect, useRef, useState } from "react";

/** The width of an element in pixels, kept up to date; 0 before it was measured. */
export function useElementWidth<Target extends Element>(): [ref: React.RefObject<Target | null>, width: number] {
  const ref = useRef<Target>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
