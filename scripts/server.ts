import { StartError } from "@/lib/server/web/start-error";
import { startWebServer } from "@/lib/server/web/web-server";

try {
  await startWebServer({ dev: process.argv.includes("--dev") });
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exit(1);
}
