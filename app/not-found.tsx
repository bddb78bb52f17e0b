import Link from "next/link";
import { buttonClass } from "@/components/ui/button";
import { Problem } from "@/components/ui/problem";

export default function NotFound() {
  return (
    <div className="p-4">
      <h1 className="sr-only">Not found</h1>
      <Problem message="There is no such page." next="It may have been a chat that was deleted.">
        <Link href="/" prefetch={false} className={buttonClass("primary")}>
          Go to the chat
        </Link>
        <Link href="/dashboard" prefetch={false} className={buttonClass()}>
          Go to the dashboard
        </Link>
      </Problem>
    </div>
  );
}
