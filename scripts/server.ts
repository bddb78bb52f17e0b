import { startWebServer } from "@/lib/server/compose/web-server";
import { allRoutes } from "@/lib/server/routes/all-routes";
import { StartError } from "@/lib/server/system/start-error";

try {
  await startWebServer({ dev: process.argv.includes("--dev"), routes: allRoutes });
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exit(1);
}
