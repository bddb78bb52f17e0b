import { THEME_COOKIE, type Theme, windowColor } from "@/lib/schema/settings/theme";

const ONE_YEAR_SECONDS = 31_536_000;

/** Shows a theme now and remembers it for the next page. "system" follows the computer. */
export function setTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]"))
    meta.content = windowColor(theme, meta.media.includes("dark") ? "dark" : "light");
  // biome-ignore lint/suspicious/noDocumentCookie: cookieStore is missing in Firefox before 140 and in older Safari.
  document.cookie = `${THEME_COOKIE}=${theme}; path=/; max-age=${ONE_YEAR_SECONDS}; samesite=strict`;
}
