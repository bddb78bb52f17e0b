import * as anthropic from "./api/anthropic";
import * as apiKeys from "./api/api-keys";
import * as benchmark from "./api/benchmark";
import * as chats from "./api/chats";
import * as comparison from "./api/comparison";
import * as computer from "./api/computer";
import * as downloads from "./api/downloads";
import * as engine from "./api/engine";
import * as engines from "./api/engines";
import * as keptStreams from "./api/kept-streams";
import * as llamaServer from "./api/llama-server";
import * as modelDetails from "./api/model-details";
import * as models from "./api/models";
import * as openai from "./api/openai";
import * as plans from "./api/plans";
import * as receipts from "./api/receipts";
import * as settings from "./api/settings";
import * as surface from "./api/surface";
import { cancelUpload, sendPiece, startUpload } from "./api/uploads";

/**
 * The contract of HTTP: every route of app/ is one of these, and the browser requests nothing else. docs/api.md is generated from it.
 * Pages import endpoints from their own files, so that they load only the schemas that they need.
 */
export const endpoints = {
  ...chats,
  ...settings,
  ...plans,
  ...surface,
  ...engine,
  ...engines,
  ...receipts,
  ...benchmark,
  ...comparison,
  ...models,
  ...modelDetails,
  ...downloads,
  startUpload,
  sendPiece,
  cancelUpload,
  ...apiKeys,
  ...computer,
  ...openai,
  ...anthropic,
  ...keptStreams,
  ...llamaServer,
};
