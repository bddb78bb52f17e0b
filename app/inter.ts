import localFont from "next/font/local";

/**
 * Latin in one variable file of 48 kB, asked for before the first paint; other scripts come from `wght.css` when a
 * letter of theirs is shown. Optional: a page that is there already does not change its letters, so nothing jumps.
 */
export const inter = localFont({
  src: "../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  weight: "100 900",
  display: "optional",
  preload: true,
  adjustFontFallback: false,
  variable: "--font-inter",
});
