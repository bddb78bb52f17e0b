import * as z from "zod/mini";

/** Anything else in the cookie is the system's choice. */
export const themeSchema = z.catch(z.enum(["system", "light", "dark"]), "system");
export type Theme = z.infer<typeof themeSchema>;

/** A cookie and not localStorage: the server writes the theme into the first byte of the page, so nothing flashes. */
export const THEME_COOKIE = "headroom_theme";
