import Link from "next/link";
import { ModelPickerButton } from "@/components/models/picker/model-picker-button";
import { PaletteButton } from "@/components/palette/palette-button";
import type { Theme } from "@/lib/schema/settings/theme";
import { AppNav } from "./app-nav";
import { BrandMark } from "./brand-mark";
import { DownloadProgress } from "./download-progress";
import { EngineStatus } from "./engine-status";
import { ThemeMenu } from "./theme-menu";

export function AppHeader({ theme }: { readonly theme: Theme }) {
  return (
    <header className="sticky top-0 z-30 flex h-(--header-height) shrink-0 items-center gap-2 border-line border-b bg-surface px-3 sm:gap-5 sm:px-5">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:left-3 focus:z-10 focus:rounded-control focus:bg-accent focus:px-3 focus:py-2 focus:text-accent-ink"
      >
        Skip to content
      </a>
      <Link
        href="/"
        prefetch={false}
        className="hidden min-h-6 items-center gap-2.5 font-semibold tracking-[-0.01em] md:flex"
      >
        <BrandMark />
        <span className="sr-only lg:not-sr-only">Headroom</span>
      </Link>
      <AppNav />
      <div className="ml-auto flex min-w-0 items-center gap-1">
        <DownloadProgress />
        <span className="hidden min-w-0 max-w-72 lg:block">
          <ModelPickerButton className="max-w-full" />
        </span>
        <EngineStatus />
        <PaletteButton />
        <ThemeMenu initialTheme={theme} />
      </div>
    </header>
  );
}
