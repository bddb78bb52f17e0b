import * as z from "zod/mini";

/** Any other value in the cookie means the system's theme. */
export const themeSchema = z.catch(z.enum(["system", "light", "dark"]), "system");
export type Theme = z.infer<typeof themeSchema>;

/** A cookie instead of localStorage, because the server then renders the page in its theme and nothing flashes. */
export const THEME_COOKIE = "headroom_theme";

/** The window frame of the installed app has the header's colour: `--surface` of globals.css. */
const WINDOW_COLORS = { light: "#ffffff", dark: "#191b1e" } as const;

/** The frame's colour on a computer whose system theme is `systemTheme`. */
export const windowColor = (theme: Theme, systemTheme: "light" | "dark"): string =>
  WINDOW_COLORS[theme === "system" ? systemTheme : theme];
