import type { Metadata } from "next";
import { ModelsScreen } from "@/components/models/models-screen";

export const metadata: Metadata = { title: "Models" };

interface ModelsPageProps {
  readonly searchParams: Promise<{ readonly cardMib?: string | string[] }>;
}

/** `?cardMib=8192`: the picks for a card that this computer does not have. ModelsScreen reads the rest of the address. */
export default async function ModelsPage({ searchParams }: ModelsPageProps) {
  const { cardMib: givenMib } = await searchParams;
  const cardMib = Number(givenMib);
  return (
    <div className="mx-auto w-full max-w-5xl p-3 sm:p-6">
      <ModelsScreen cardMib={Number.isInteger(cardMib) && cardMib > 0 ? cardMib : undefined} />
    </div>
  );
}
