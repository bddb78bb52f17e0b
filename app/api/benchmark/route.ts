import { route } from "@/lib/server/compose/route";

/** What a benchmark would measure and take, the one that runs, and those that were kept. */
export const GET = route({ handle: ({ services }) => services.benchmark.state() });

/** Begins one; BUSY while somebody uses the engine. It goes on when the page is closed. */
export const POST = route({
  handle: async ({ services }) => {
    await services.benchmark.start();
    return services.benchmark.state();
  },
});

/** Cancels the one that runs, without waiting for the engine to be as it was. */
export const DELETE = route({
  handle: ({ services }) => {
    services.benchmark.cancel();
    return services.benchmark.state();
  },
});
