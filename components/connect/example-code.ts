export interface Connection {
  readonly baseUrl: string;
  readonly model: string;
  readonly contextTokens: number;
  readonly apiKey: string;
}

const QUESTION = "Name three rivers.";

/** Where Headroom asks for none: a program that sends nothing at all as a key is refused by its own library. */
export const NO_KEY = "none";
/** A key is shown only once, so this stands for it. */
export const YOUR_KEY = "YOUR_KEY";

/** For a POSIX shell: a quote ends the text, and is written outside of it. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The same request from a terminal and from the two languages with an official client. Each runs as it is. */
export const exampleCode = {
  curl: ({ baseUrl, model, apiKey }: Connection): string => {
    const body = { model, messages: [{ role: "user", content: QUESTION }] };
    return [
      `curl ${shellQuoted(`${baseUrl}/chat/completions`)} \\`,
      ...(apiKey === NO_KEY ? [] : [`  -H 'Authorization: Bearer ${apiKey}' \\`]),
      `  -H 'Content-Type: application/json' \\`,
      `  -d ${shellQuoted(JSON.stringify(body))}`,
    ].join("\n");
  },
  python: ({ baseUrl, model, apiKey }: Connection): string =>
    [
      "# pip install openai",
      "from openai import OpenAI",
      "",
      `client = OpenAI(base_url=${JSON.stringify(baseUrl)}, api_key="${apiKey}")`,
      "stream = client.chat.completions.create(",
      `    model=${JSON.stringify(model)},`,
      `    messages=[{"role": "user", "content": "${QUESTION}"}],`,
      "    stream=True,",
      ")",
      "for chunk in stream:",
      '    print(chunk.choices[0].delta.content or "", end="", flush=True)',
    ].join("\n"),
  typescript: ({ baseUrl, model, apiKey }: Connection): string =>
    [
      "// npm install openai",
      'import OpenAI from "openai";',
      "",
      `const client = new OpenAI({ baseURL: ${JSON.stringify(baseUrl)}, apiKey: "${apiKey}" });`,
      "const stream = await client.chat.completions.create({",
      `  model: ${JSON.stringify(model)},`,
      `  messages: [{ role: "user", content: "${QUESTION}" }],`,
      "  stream: true,",
      "});",
      'for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");',
    ].join("\n"),
} as const;
