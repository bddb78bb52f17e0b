import { z } from "zod";

export const themeSchema = z.enum(["system", "light", "dark"]);
export type Theme = z.infer<typeof themeSchema>;

/** A cookie and not localStorage: the server writes the theme into the first byte of the page, so nothing flashes. */
export const THEME_COOKIE = "headroom_theme";
