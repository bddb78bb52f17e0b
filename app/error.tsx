"use client";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/problem";

/** A fault of the page itself; the header, the engine and the other screens keep working. */
export default function PageError({ reset }: { readonly error: Error; readonly reset: () => void }) {
  return (
    <div className="p-4">
      <Problem message="This page ran into a fault." next="The engine and your chats are not touched by it.">
        <Button look="primary" onClick={reset}>
          Show the page again
        </Button>
      </Problem>
    </div>
  );
}
