import type { Metadata } from "next";
import * as z from "zod";
import { DashboardView } from "@/components/dashboard/dashboard-view";

export const metadata: Metadata = { title: "Dashboard" };

/** `?model=`: the model to plan instead of the chosen one. Anything else in the address is ignored. */
const addressSchema = z.object({ model: z.string().min(1).max(2048).optional().catch(undefined) });

interface DashboardPageProps {
  readonly searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function DashboardPage({ searchParams }: DashboardPageProps) {
  const { model } = addressSchema.parse(await searchParams);
  return (
    <>
      <h1 className="sr-only">Dashboard</h1>
      <DashboardView modelToPlan={model ?? null} />
    </>
  );
}
