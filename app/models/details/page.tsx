import type { Metadata } from "next";
import { redirect } from "next/navigation";
import * as z from "zod";
import { DetailsView } from "@/components/models/details/details-view";

export const metadata: Metadata = { title: "Model" };

const addressSchema = z.object({ name: z.string().min(1).max(1024) });

interface DetailsPageProps {
  readonly searchParams: Promise<Record<string, string | string[] | undefined>>;
}

/** `?name=`: a model of the library. */
export default async function DetailsPage({ searchParams }: DetailsPageProps) {
  const address = addressSchema.safeParse(await searchParams);
  if (!address.success) redirect("/models");
  return (
    <div className="mx-auto w-full max-w-5xl p-3 sm:p-6">
      <DetailsView key={address.data.name} name={address.data.name} />
    </div>
  );
}
