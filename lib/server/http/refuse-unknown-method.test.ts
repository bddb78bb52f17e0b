import { expect, test } from "vitest";
import { refuseUnknownMethod } from "./refuse-unknown-method";

test.each([
  ["GET", "/v1/chat/completions", "POST"],
  ["DELETE", "/v1/chat/completions/?a=b", "POST"],
  ["POST", "/v1/models", "GET"],
  ["POST", "/v1/models/a.gguf", "GET"],
])("%s %s is refused with the methods that there are", (method, target, allowed) => {
  expect(refuseUnknownMethod(method, target)).toMatchObject({ status: 405, allowed });
});

test.each([
  ["POST", "/v1/chat/completions"],
  ["HEAD", "/v1/models"],
  ["GET", "/v1/nothing"],
  ["PUT", "/api/chats"],
])("%s %s is left to its route", (method, target) => {
  expect(refuseUnknownMethod(method, target)).toBeNull();
});
