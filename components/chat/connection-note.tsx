"use client";
import { useSession } from "@/lib/client/chat-session";

/** Shown when the server went away during an answer. */
export function ConnectionNote() {
  const isCutOff = useSession(session => session.isCutOff);
  if (!isCutOff) return null;
  return (
    <p role="status" className="rounded-control bg-warn-soft px-3 py-2 text-sm text-warn">
      Headroom's server does not answer. This page goes on by itself when it is back; the text so far is saved.
    </p>
  );
}
