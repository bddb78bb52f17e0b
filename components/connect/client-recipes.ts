import type { Connection } from "./example-code";

interface ClientRecipe {
  readonly name: string;
  /** Where its settings are, as that program names the place. */
  readonly where: string;
  /** What to enter or paste there. */
  readonly settings: (connection: Connection) => string;
  /** A sentence about what else it takes. */
  readonly note?: string;
}

const fields = (...lines: readonly [string, string][]): string =>
  lines.map(([name, value]) => `${`${name}:`.padEnd(16)} ${value}`).join("\n");

const json = (value: object): string => JSON.stringify(value, null, 2);

/** Programs that people use with a local model, and what to enter in each. Read in their documentation in November 2026. */
export const clientRecipes: readonly ClientRecipe[] = [
  {
    name: "Continue",
    where: "~/.continue/config.yaml",
    settings: ({ baseUrl, model, apiKey }) =>
      [
        "models:",
        "  - name: Headroom",
        "    provider: openai",
        `    model: ${JSON.stringify(model)}`,
        `    apiBase: ${baseUrl}`,
        `    apiKey: ${apiKey}`,
        "    roles: [chat, edit, apply]",
      ].join("\n"),
  },
  {
    name: "Cline",
    where: "Settings, API Provider: OpenAI Compatible",
    settings: ({ baseUrl, model, apiKey }) => fields(["Base URL", baseUrl], ["API Key", apiKey], ["Model ID", model]),
    note: "It sends long instructions: give the model at least 16,384 tokens of context.",
  },
  {
    name: "Zed",
    where: "settings.json",
    settings: ({ baseUrl, model, contextTokens }) =>
      json({
        language_models: {
          openai_compatible: {
            Headroom: {
              api_url: baseUrl,
              available_models: [{ name: model, display_name: "Headroom", max_tokens: contextTokens }],
            },
          },
        },
      }),
    note: "max_tokens is the context size. Zed asks for a key itself: any word will do where Headroom asks for none.",
  },
  {
    name: "Obsidian (Copilot)",
    where: "Copilot's settings, Models, Add custom model",
    settings: ({ baseUrl, model, apiKey }) =>
      fields(
        ["Model Name", model],
        ["Provider", "3rd party (openai-format)"],
        ["Base URL", baseUrl],
        ["API Key", apiKey],
      ),
    note: "Allow the origin app://obsidian.md in Headroom's settings, or turn on CORS in Copilot's model.",
  },
  {
    name: "Open WebUI",
    where: "Admin Settings, Connections, OpenAI API",
    settings: ({ baseUrl, apiKey }) => fields(["URL", baseUrl], ["Key", apiKey]),
    note: "From a container this computer is host.docker.internal instead of 127.0.0.1; docs/operations.md says how to open Headroom to it.",
  },
  {
    name: "LibreChat",
    where: "librechat.yaml",
    settings: ({ baseUrl, model, apiKey }) =>
      [
        "endpoints:",
        "  custom:",
        "    - name: Headroom",
        `      apiKey: ${apiKey}`,
        `      baseURL: ${baseUrl}`,
        "      models:",
        `        default: [${JSON.stringify(model)}]`,
        "        fetch: true",
        "      titleConvo: true",
        "      titleModel: current_model",
      ].join("\n"),
  },
];
