interface ComposedKey {
  readonly isComposing: boolean;
  readonly keyCode: number;
}

/** What an input method takes: browsers report it so, whatever the key is. @see UI Events, "keyCode" for "Process" keys */
const PROCESS_KEY_CODE = 229;

/**
 * Whether a key belongs to an input method, which composes Chinese, Japanese or Korean text: its Enter ends a composition and its Escape
 * drops it, and neither is meant for us. Safari ends the composition before it reports the Enter that ended it: only the code tells.
 */
export function isComposing(event: ComposedKey | { readonly nativeEvent: ComposedKey }): boolean {
  const key = "nativeEvent" in event ? event.nativeEvent : event;
  return key.isComposing || key.keyCode === PROCESS_KEY_CODE;
}
