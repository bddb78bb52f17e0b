"use client";
import { SunMoon } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Menu, preloadMenu } from "@/components/ui/menu/menu";
import { useAfterPaint } from "@/components/ui/use-after-paint";
import { setTheme } from "@/lib/client/theme";
import type { Theme } from "@/lib/schema/settings/theme";

const choices: readonly { value: Theme; label: string }[] = [
  { value: "system", label: "Like the computer" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function ThemeMenu({ initialTheme }: { readonly initialTheme: Theme }) {
  const [theme, setChosen] = useState(initialTheme);
  useAfterPaint(preloadMenu);
  const choose = (chosen: Theme) => {
    setChosen(chosen);
    setTheme(chosen);
  };
  return (
    <Menu
      trigger={
        <Button look="quiet" size="icon" aria-label="Theme">
          <SunMoon aria-hidden size={17} />
        </Button>
      }
      entries={choices.map(({ value, label }) => ({ label, isChosen: value === theme, run: () => choose(value) }))}
    />
  );
}
