import { planCommand } from "@/lib/server/compose/plan-command";

const exitCode = await planCommand({
  args: process.argv.slice(2),
  env: process.env,
  out: text => console.log(text),
  complain: text => console.error(text),
});
process.exit(exitCode);
