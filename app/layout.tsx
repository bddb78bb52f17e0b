import type { Metadata, Viewport } from "next";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import { AppHeader } from "@/components/header/app-header";
import { Toaster } from "@/components/ui/toaster";
import { THEME_COOKIE, themeSchema } from "@/lib/schema/theme";
import "@fontsource-variable/inter/wght.css";
import "./globals.css";
import { inter } from "./inter";

export const metadata: Metadata = {
  title: { default: "Headroom", template: "%s · Headroom" },
  description: "Chat with language models on your own computer, fitted to your graphics card.",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#191b1e" },
  ],
};

/** Reading the cookie also makes every page dynamic, which the nonce of the content security policy needs. */
export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const theme = themeSchema.parse((await cookies()).get(THEME_COOKIE)?.value);
  return (
    <html lang="en" className={inter.variable} data-theme={theme === "system" ? undefined : theme}>
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
