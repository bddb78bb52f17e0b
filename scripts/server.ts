import { startWebServer } from "@/lib/server/compose/web-server";
import { StartError } from "@/lib/server/system/start-error";

try {
  await startWebServer({ dev: process.argv.includes("--dev") });
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exit(1);
}
