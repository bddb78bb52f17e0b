export const appSections = [
  { path: "/", label: "Chat" },
  { path: "/dashboard", label: "Dashboard" },
  { path: "/models", label: "Models" },
  { path: "/connect", label: "API" },
] as const;

/** The section of a path. Chats are below "/". */
export const sectionOf = (pathname: string): (typeof appSections)[number] =>
  appSections.find(section => section.path !== "/" && pathname.startsWith(section.path)) ?? appSections[0];
