import { isComposing } from "./is-composing";
import { createStore } from "./store";
import { useStore } from "./use-store";

/** Identifies the palette's field, to tell early keys from the field's own. */
export const PALETTE_FIELD_ID = "palette-field";

interface PaletteState {
  readonly overlay: "palette" | "shortcuts" | null;
  /** What was typed for the palette, even while its code is still loading. */
  readonly query: string;
  /** Enter was pressed before there was a list to choose from. */
  readonly isEntered: boolean;
}

const closed: PaletteState = { overlay: null, query: "", isEntered: false };

/** The palette and the list of shortcuts, which exist on every screen. */
export const paletteStore = createStore<PaletteState>(closed);

export const showOverlay = (overlay: "palette" | "shortcuts"): void => paletteStore.set({ ...closed, overlay });
export const closeOverlay = (): void => paletteStore.set(closed);
export const askPalette = (query: string): void => paletteStore.update(state => ({ ...state, query }));
export const forgetEnter = (): void => paletteStore.update(state => ({ ...state, isEntered: false }));

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "isComposing" | "keyCode">;

/** The state after a key that nothing on the page has handled yet; null for a key that does not concern the palette. Pure. */
export function withEarlyKey(state: PaletteState, key: Key): PaletteState | null {
  if (state.overlay !== "palette" || key.ctrlKey || key.metaKey || key.altKey || isComposing(key)) return null;
  if (key.key === "Escape") return closed;
  if (key.key === "Enter") return { ...state, isEntered: true };
  if (key.key === "Backspace") return { ...state, query: Array.from(state.query).slice(0, -1).join("") };
  return Array.from(key.key).length === 1 ? { ...state, query: state.query + key.key } : null;
}

/**
 * Between Ctrl+K and the field's focus, keys would go to the element that had the focus before. They are kept for the palette.
 *
 * @param isFieldFocused from then on the field handles its own keys
 */
export function takeEarlyKey(event: KeyboardEvent, isFieldFocused: boolean): void {
  if (isFieldFocused) return;
  const next = withEarlyKey(paletteStore.get(), event);
  if (next === null) return;
  event.preventDefault();
  event.stopPropagation();
  paletteStore.set(next);
}

export const usePalette = <Slice>(select: (state: PaletteState) => Slice): Slice => useStore(paletteStore, select);
