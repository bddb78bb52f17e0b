"use client";
import { useEffect, useRef, useState } from "react";
import { useSession } from "@/lib/client/chat-session";

/** Tells a screen reader that an answer began and that it ended. Its text is read in the transcript. */
export function AnswerAnnouncer() {
  const answering = useSession(session => session.answering);
  const wasAnswering = useRef(false);
  const [text, setText] = useState("");
  useEffect(() => {
    if (answering) setText("Generating");
    else if (wasAnswering.current) setText("Reply finished");
    wasAnswering.current = answering;
  }, [answering]);
  return (
    <p role="status" className="sr-only">
      {text}
    </p>
  );
}
