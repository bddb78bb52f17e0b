"use client";
import { ChevronDown } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { classNames } from "@/components/ui/class-names";
import { Menu } from "@/components/ui/menu/menu";
import { BrandMark } from "./brand-mark";

const appSections = [
  { path: "/", label: "Chat" },
  { path: "/dashboard", label: "Dashboard" },
  { path: "/models", label: "Models" },
  { path: "/connect", label: "API" },
] as const;

/** The section of a path. Chats are below "/". */
const sectionOf = (pathname: string): (typeof appSections)[number] =>
  appSections.find(section => section.path !== "/" && pathname.startsWith(section.path)) ?? appSections[0];

/** The sections side by side. On a phone they become a menu whose button shows the present section. */
export function AppNav() {
  const current = sectionOf(usePathname());
  return (
    <nav aria-label="Sections">
      <ul className="hidden gap-0.5 md:flex">
        {appSections.map(section => (
          <li key={section.path}>
            <Link
              href={section.path}
              prefetch={false}
              aria-current={section === current ? "page" : undefined}
              className={classNames(
                "flex min-h-8 items-center rounded-control px-3",
                section === current ? "bg-sunken font-semibold text-ink" : "text-ink-2 hover:bg-sunken hover:text-ink",
              )}
            >
              {section.label}
            </Link>
          </li>
        ))}
      </ul>
      <div className="md:hidden">
        <Menu
          align="start"
          trigger={
            <button
              type="button"
              aria-label={`${current.label}: go to another section`}
              className="flex min-h-9 items-center gap-2 rounded-control pr-1 font-semibold"
            >
              <BrandMark />
              {current.label}
              <ChevronDown aria-hidden size={14} className="text-ink-3" />
            </button>
          }
          entries={appSections.map(section => ({ ...section, isCurrent: section === current }))}
        />
      </div>
    </nav>
  );
}
