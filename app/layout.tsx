import type { Metadata, Viewport } from "next";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import { AppHeader } from "@/components/header/app-header";
import { Toaster } from "@/components/ui/toast/toaster";
import { THEME_COOKIE, type Theme, themeSchema, windowColor } from "@/lib/schema/settings/theme";
import "@fontsource-variable/inter/wght.css";
import "./globals.css";
import { inter } from "./inter";

export const metadata: Metadata = {
  title: { default: "Headroom", template: "%s · Headroom" },
  description: "Chat with language models on your own computer, fitted to your graphics card.",
};

/** Reading the cookie also makes every page dynamic, which the nonce of the content security policy needs. */
const readTheme = async (): Promise<Theme> => themeSchema.parse((await cookies()).get(THEME_COOKIE)?.value);

export async function generateViewport(): Promise<Viewport> {
  const theme = await readTheme();
  return {
    themeColor: [
      { media: "(prefers-color-scheme: light)", color: windowColor(theme, "light") },
      { media: "(prefers-color-scheme: dark)", color: windowColor(theme, "dark") },
    ],
  };
}

export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const theme = await readTheme();
  return (
    <html lang="en" className={inter.variable} data-theme={theme === "system" ? undefined : theme}>
      <head>
        {/* The cookie is sent too, because a server with a token refuses the manifest without it. Next's own link would not send it. */}
        <link rel="manifest" href="/manifest.webmanifest" crossOrigin="use-credentials" />
      </head>
      <body className="font-sans">
        <div className="app-root flex min-h-dvh flex-col">
          <AppHeader theme={theme} />
          <main id="main" className="flex min-w-0 flex-1 flex-col">
            {children}
          </main>
        </div>
        <Toaster />
      </body>
    </html>
  );
}
