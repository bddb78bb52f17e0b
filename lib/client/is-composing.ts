interface ComposedKey {
  readonly isComposing: boolean;
  readonly keyCode: number;
}

/** Browsers report this code for a key that an input method uses, whatever the key is. @see UI Events, "keyCode" for "Process" keys */
const PROCESS_KEY_CODE = 229;

/**
 * Whether a key belongs to an input method, which composes Chinese, Japanese or Korean text. There Enter ends a composition and Escape
 * drops it; neither is meant for us. Safari ends the composition before it reports the Enter that ended it: only the code shows it.
 */
export function isComposing(event: ComposedKey | { readonly nativeEvent: ComposedKey }): boolean {
  const key = "nativeEvent" in event ? event.nativeEvent : event;
  return key.isComposing || key.keyCode === PROCESS_KEY_CODE;
}
