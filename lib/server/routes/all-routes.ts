import { apiKeyRoutes } from "./app/api-key-routes";
import { benchmarkRoutes } from "./app/benchmark-routes";
import { chatRoutes } from "./app/chat-routes";
import { comparisonRoutes } from "./app/comparison-routes";
import { computerRoutes } from "./app/computer-routes";
import { downloadRoutes } from "./app/download-routes";
import { engineRoutes } from "./app/engine-routes";
import { modelDetailsRoutes } from "./app/model-details-routes";
import { modelRoutes } from "./app/model-routes";
import { otherEngineRoutes } from "./app/other-engine-routes";
import { planRoutes } from "./app/plan-routes";
import { settingsRoutes } from "./app/settings-routes";
import { uploadRoutes } from "./app/upload-routes";
import { anthropicRoutes } from "./clients/anthropic-routes";
import { keptStreamRoutes } from "./clients/kept-stream-routes";
import { llamaServerRoutes } from "./clients/llama-server-routes";
import { openAiRoutes } from "./clients/openai-routes";

/** Every route of the server. all-routes.test.ts compares them with the contract. */
export const allRoutes = [
  ...apiKeyRoutes,
  ...benchmarkRoutes,
  ...chatRoutes,
  ...comparisonRoutes,
  ...computerRoutes,
  ...downloadRoutes,
  ...engineRoutes,
  ...modelDetailsRoutes,
  ...modelRoutes,
  ...otherEngineRoutes,
  ...planRoutes,
  ...settingsRoutes,
  ...uploadRoutes,
  ...anthropicRoutes,
  ...keptStreamRoutes,
  ...llamaServerRoutes,
  ...openAiRoutes,
];
