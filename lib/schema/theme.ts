import * as z from "zod/mini";

/** Anything else in the cookie is the system's choice. */
export const themeSchema = z.catch(z.enum(["system", "light", "dark"]), "system");
export type Theme = z.infer<typeof themeSchema>;

/** A cookie and not localStorage: the server writes the theme into the first byte of the page, so nothing flashes. */
export const THEME_COOKIE = "headroom_theme";

/** The window's frame around the installed app takes the header's colour: `--surface` of globals.css. */
const WINDOW_COLORS = { light: "#ffffff", dark: "#191b1e" } as const;

/** The frame's colour on a computer that is set to `systemTheme`. */
export const windowColor = (theme: Theme, systemTheme: "light" | "dark"): string =>
  WINDOW_COLORS[theme === "system" ? systemTheme : theme];
