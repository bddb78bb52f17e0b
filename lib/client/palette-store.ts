import { isComposing } from "./is-composing";
import { createStore } from "./store";
import { useStore } from "./use-store";

/** Where the palette's field is known by, to tell early keys from its own. */
export const PALETTE_FIELD_ID = "palette-field";

interface PaletteState {
  readonly overlay: "palette" | "shortcuts" | null;
  /** What the palette is asked for, also while its code is still on the way. */
  readonly query: string;
  /** Enter came before there was a list to choose from. */
  readonly isEntered: boolean;
}

const closed: PaletteState = { overlay: null, query: "", isEntered: false };

/** The palette and the list of shortcuts, which every screen has. */
export const paletteStore = createStore<PaletteState>(closed);

export const showOverlay = (overlay: "palette" | "shortcuts"): void => paletteStore.set({ ...closed, overlay });
export const closeOverlay = (): void => paletteStore.set(closed);
export const askPalette = (query: string): void => paletteStore.update(state => ({ ...state, query }));
export const forgetEnter = (): void => paletteStore.update(state => ({ ...state, isEntered: false }));

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "isComposing" | "keyCode">;

/** The state after a key that nothing on the page has taken yet; null for a key that is none of the palette's. Pure. */
export function withEarlyKey(state: PaletteState, key: Key): PaletteState | null {
  if (state.overlay !== "palette" || key.ctrlKey || key.metaKey || key.altKey || isComposing(key)) return null;
  if (key.key === "Escape") return closed;
  if (key.key === "Enter") return { ...state, isEntered: true };
  if (key.key === "Backspace") return { ...state, query: Array.from(state.query).slice(0, -1).join("") };
  return Array.from(key.key).length === 1 ? { ...state, query: state.query + key.key } : null;
}

/**
 * Between Ctrl+K and the field's focus keys would go to whatever had the focus before: they are kept for the palette.
 *
 * @param isFieldFocused from then on the field takes its keys itself
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
