import { expect, it } from "vitest";
import { apiDocs } from "./api-docs";

it("docs/api.md says what lib/schema/api.ts says", async () => {
  await expect(apiDocs()).toMatchFileSnapshot("../docs/api.md");
});
