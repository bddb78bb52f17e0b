export const appSections = [
  { path: "/", label: "Chat" },
  { path: "/dashboard", label: "Dashboard" },
  { path: "/models", label: "Models" },
] as const;

/** Which section a path belongs to; chats live below "/". */
export const sectionOf = (pathname: string): (typeof appSections)[number] =>
  appSections.find(section => section.path !== "/" && pathname.startsWith(section.path)) ?? appSections[0];
