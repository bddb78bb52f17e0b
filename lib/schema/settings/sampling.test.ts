import { expect, it } from "vitest";
import { chatSamplingSchema } from "../chat";
import { completionRequestSchema } from "../clients/openai";
import { samplingSchema } from "../engine-commands";
import { nameOf, samplingByOpenAiNames, samplingKeys, samplingWith } from "./sampling";
import { defaultSettings, settingRows } from "./settings";

it("names the settings that choose words, as chats, the engine and OpenAI's clients call them", () => {
  expect(samplingKeys.map(key => [key, nameOf(key), settingRows[key].sampling?.openAi ?? ""])).toEqual([
    ["TEMPERATURE", "temperature", "temperature"],
    ["TOP_K", "topK", "top_k"],
    ["TOP_P", "topP", "top_p"],
    ["MIN_P", "minP", "min_p"],
    ["REPEAT_PENALTY", "repeatPenalty", "repeat_penalty"],
    ["PRESENCE_PENALTY", "presencePenalty", "presence_penalty"],
    ["FREQUENCY_PENALTY", "frequencyPenalty", "frequency_penalty"],
    ["SEED", "seed", "seed"],
    ["MAX_TOKENS", "maxTokens", "max_tokens"],
    ["STOP", "stop", "stop"],
  ]);
});

it.each(samplingKeys)(
  "one row is enough: %s is a value of a chat, a parameter of the API and a part of the request",
  key => {
    const value = settingRows[key].default;
    expect(chatSamplingSchema.parse({ [nameOf(key)]: value })).toEqual({ [nameOf(key)]: value });
    expect(samplingSchema.parse(samplingWith({}, defaultSettings))).toHaveProperty(nameOf(key), value);
    expect(Object.keys(completionRequestSchema.shape)).toContain(settingRows[key].sampling?.openAi ?? "");
    expect(samplingByOpenAiNames({ [settingRows[key].sampling?.openAi ?? ""]: value })).toEqual({
      [nameOf(key)]: value,
    });
  },
);

it("takes the own value over the setting's, and the setting's where there is none", () => {
  expect(samplingWith({ topK: 7, topP: undefined }, { ...defaultSettings, TOP_P: 0.5 })).toMatchObject({
    topK: 7,
    topP: 0.5,
    temperature: 0.7,
  });
});

it("takes null and what is missing from a client for not given", () => {
  expect(samplingByOpenAiNames({ temperature: null, top_k: 3 })).toEqual({ topK: 3 });
});
