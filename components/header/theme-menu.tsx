"use client";
import { SunMoon } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Menu, MenuChoice } from "@/components/ui/menu";
import { setTheme } from "@/lib/client/theme";
import { type Theme, themeSchema } from "@/lib/schema/theme";

const choices: readonly { value: Theme; label: string }[] = [
  { value: "system", label: "Like the computer" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function ThemeMenu({ initialTheme }: { readonly initialTheme: Theme }) {
  const [theme, setChosen] = useState(initialTheme);
  const choose = (value: string) => {
    const chosen = themeSchema.parse(value);
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
    >
      <MenuChoice value={theme} choices={choices} onChange={choose} />
    </Menu>
  );
}
