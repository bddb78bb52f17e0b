import localFont from "next/font/local";

/**
 * Latin is one variable file of 48 kB, requested before the first paint. `wght.css` loads other scripts when one of
 * their letters is shown. Optional: a page that is already shown does not change its letters, so nothing jumps.
 */
export const inter = localFont({
  src: "../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  weight: "100 900",
  display: "optional",
  preload: true,
  adjustFontFallback: false,
  variable: "--font-inter",
});
