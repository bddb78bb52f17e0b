"""The calls of four Python clients' documentation, each against a running server of Headroom.

python clients.py URL MODEL prints one JSON object a line: {"client", "call", "expected", "outcome", "said"}.
The outcome is "works", "refused" (a status of 400 or 404 whose sentence names the thing), or "fails".
"""

import asyncio
import importlib
import json
import os
import sys
import warnings
from typing import Literal

# litellm would fetch a list of prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LANGSMITH_TRACING"] = "false"
warnings.simplefilter("ignore")

PACKAGES = ["openai", "anthropic", "litellm", "langchain-openai"]
MISSING = 3


def missing():
    for package in PACKAGES:
        try:
            importlib.import_module(package.replace("-", "_"))
        except ImportError:
            yield package


if absent := list(missing()):
    print("missing: " + " ".join(absent), file=sys.stderr)
    sys.exit(MISSING)

import anthropic
import litellm
import openai
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel

litellm.suppress_debug_info = True
URL, MODEL = sys.argv[1].rstrip("/"), sys.argv[2]
V1 = f"{URL}/v1"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
HI = [{"role": "user", "content": "Say hello."}]
LIMIT = 12


class City(BaseModel):
    """A city."""

    name: Literal["Rome", "Paris"]
    people: Literal[1, 3]


SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Says the weather.", "parameters": SCHEMA}}
CALLED = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
WITH_RESULT = [
    {"role": "user", "content": "What is the weather in Rome?"},
    {"role": "assistant", "content": None, "tool_calls": [CALLED]},
    {"role": "tool", "tool_call_id": "c1", "content": "Sunny, 21 degrees"},
]

rows = []


def works(client, call):
    """The function's own assertions say what "works" means."""

    def add(run):
        rows.append((client, call, None, run))
        return run

    return add


def refuses(client, call, *words):
    """The error must hold all the words, of which one names the thing."""

    def add(run):
        rows.append((client, call, words, run))
        return run

    return add


def check_city(text):
    assert isinstance(json.loads(text)["city"], str), text


# --- openai ---------------------------------------------------------------------------------------------------------

client = openai.OpenAI(base_url=V1, api_key="none", max_retries=0, timeout=120)


def chat(**more):
    return client.chat.completions.create(**{"model": MODEL, "messages": HI, "max_tokens": LIMIT, **more})


@works("openai", "models.list")
def _():
    assert MODEL in [model.id for model in client.models.list()]


@works("openai", "models.retrieve")
def _():
    assert client.models.retrieve(MODEL).id == MODEL


@refuses("openai", "models.retrieve of an unknown model", "none.gguf")
def _():
    client.models.retrieve("none.gguf")


@works("openai", "chat.completions.create")
def _():
    answer = chat()
    assert answer.choices[0].message.content and answer.usage.completion_tokens <= LIMIT


@works("openai", "max_tokens ends with length")
def _():
    assert chat(max_tokens=2).choices[0].finish_reason == "length"


@works("openai", "max_completion_tokens")
def _():
    assert chat(max_completion_tokens=3).usage.completion_tokens <= 3


@works("openai", "stream=True with include_usage")
def _():
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].usage.total_tokens > 0


@works("openai", "chat.completions.stream")
def _():
    # This helper raises an error of its own where an answer reaches its limit, so the schema ends the answer.
    asked = {"model": MODEL, "messages": HI, "response_format": City, "max_tokens": 400, "temperature": 0}
    with client.chat.completions.stream(**asked) as stream:
        assert any(event.type == "content.delta" for event in stream)
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, City)


@works("openai", "AsyncOpenAI, four at once")
def _():
    async def ask():
        async with openai.AsyncOpenAI(base_url=V1, api_key="none", max_retries=0) as several:
            create = several.chat.completions.create
            return await asyncio.gather(*[create(model=MODEL, messages=HI, max_tokens=4) for _ in range(4)])

    assert len(asyncio.run(ask())) == 4


@works("openai", "system, developer and content parts")
def _():
    parts = [{"type": "text", "text": "Say "}, {"type": "text", "text": "hello."}]
    for role in ["system", "developer"]:
        assert chat(messages=[{"role": role, "content": "Be brief."}, {"role": "user", "content": parts}]).choices


@works("openai", "n=2")
def _():
    assert [choice.index for choice in chat(n=2).choices] == [0, 1]


@works("openai", "stop")
def _():
    words = {"role": "user", "content": "Repeat: one two three"}
    whole = chat(messages=[words], temperature=0).choices[0].message.content
    stop = whole[2:4]
    answer = chat(messages=[words], temperature=0, stop=[stop]).choices[0]
    assert stop not in answer.message.content and answer.finish_reason == "stop"


@works("openai", "seed gives the same answer")
def _():
    one, other = (chat(seed=7, temperature=1).choices[0].message.content for _ in range(2))
    assert one == other


@works("openai", "penalties, top_p")
def _():
    assert chat(presence_penalty=0.5, frequency_penalty=0.5, top_p=0.5).choices


@works("openai", "logprobs, top_logprobs")
def _():
    first = chat(logprobs=True, top_logprobs=3).choices[0].logprobs.content[0]
    assert len(first.top_logprobs) == 3 and first.logprob <= 0


@works("openai", "logit_bias")
def _():
    first = chat(temperature=0, max_tokens=1, logprobs=True).choices[0].logprobs.content[0].token
    bias = {"extra_body": {"logit_bias": [[first, False]]}}
    assert chat(temperature=0, max_tokens=1, **bias).choices[0].message.content != first
    assert chat(logit_bias={"5": -100}).choices


@works("openai", "response_format json_object")
def _():
    answer = chat(response_format={"type": "json_object"}, max_tokens=200).choices[0]
    # A small model may fill the whole limit with its object.
    assert answer.message.content.lstrip().startswith("{")
    assert answer.finish_reason == "length" or isinstance(json.loads(answer.message.content), dict)


@works("openai", "response_format json_schema")
def _():
    form = {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA, "strict": True}}
    check_city(chat(response_format=form, max_tokens=80).choices[0].message.content)


@works("openai", "chat.completions.parse with a class")
def _():
    ask = [{"role": "user", "content": "Rome has 3 people."}]
    answer = client.chat.completions.parse(
        model=MODEL, messages=ask, response_format=City, max_tokens=400, temperature=0
    )
    assert isinstance(answer.choices[0].message.parsed, City)


@works("openai", "tools, the model chooses")
def _():
    assert chat(tools=[TOOL]).choices[0].finish_reason in ("stop", "length", "tool_calls")


@works("openai", "tool_choice required")
def _():
    answer = chat(tools=[TOOL], tool_choice="required", parallel_tool_calls=False, max_tokens=100).choices[0]
    assert answer.finish_reason == "tool_calls" and answer.message.content is None
    check_city(answer.message.tool_calls[0].function.arguments)


@works("openai", "tool_choice by name, streamed")
def _():
    choice = {"type": "function", "function": {"name": "weather"}}
    chunks = chat(tools=[TOOL], tool_choice=choice, parallel_tool_calls=False, max_tokens=100, stream=True)
    calls = [call for chunk in chunks for part in chunk.choices for call in part.delta.tool_calls or []]
    assert calls[0].function.name == "weather"
    check_city("".join(call.function.arguments or "" for call in calls))


@works("openai", "tool results")
def _():
    assert chat(messages=WITH_RESULT, tools=[TOOL]).choices[0].message


@works("openai", "a prefilled answer")
def _():
    assert chat(messages=[*HI, {"role": "assistant", "content": "Hello"}]).choices[0].message.content is not None


@works("openai", "harmless fields")
def _():
    answer = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=HI, max_tokens=2, user="me", store=False, metadata={"a": "b"}, service_tier="auto"
    )
    assert "warning" not in answer.headers


@works("openai", "an unknown field is named in a warning")
def _():
    answer = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=HI, max_tokens=2, extra_body={"num_ctx": 2048}
    )
    assert "num_ctx" in answer.headers["warning"]


@works("openai", "a context overflow has its code")
def _():
    try:
        chat(messages=[{"role": "user", "content": "word " * 100_000}])
    except openai.BadRequestError as error:
        assert error.code == "context_length_exceeded", error
    else:
        raise AssertionError("no error")


@works("openai", "completions.create, whole, streamed, several, echo")
def _():
    whole = client.completions.create(model=MODEL, prompt=["Once", "Twice"], max_tokens=4, echo=True)
    assert [choice.text[:4] for choice in whole.choices] == ["Once", "Twic"]
    stream = client.completions.create(model=MODEL, prompt="Once", max_tokens=4, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream if chunk.choices)


@works("openai", "responses.create")
def _():
    answer = client.responses.create(model=MODEL, input="Say hello.", instructions="Be brief.", max_output_tokens=LIMIT)
    assert answer.output_text and answer.usage.output_tokens <= LIMIT


@works("openai", "responses.stream")
def _():
    with client.responses.stream(model=MODEL, input="Say hello.", max_output_tokens=LIMIT) as stream:
        assert any(event.type == "response.output_text.delta" for event in stream)


@works("openai", "responses.parse with a class")
def _():
    answer = client.responses.parse(
        model=MODEL, input="Rome has 3 people.", text_format=City, max_output_tokens=400, temperature=0
    )
    assert isinstance(answer.output_parsed, City)


@works("openai", "responses with a function")
def _():
    tool = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": True}
    answer = client.responses.create(
        model=MODEL,
        input="Weather?",
        tools=[tool],
        tool_choice="required",
        parallel_tool_calls=False,
        max_output_tokens=100,
    )
    check_city(answer.output[0].arguments)


@refuses("openai", "an image", "messages[0].content[0]", "image_url", "vision")
def _():
    chat(messages=[{"role": "user", "content": [IMAGE]}])


@refuses("openai", "a sound", "input_audio")
def _():
    chat(
        messages=[{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]
    )


@refuses("openai", "audio as the answer", "modalities")
def _():
    chat(modalities=["text", "audio"], audio={"voice": "alloy", "format": "mp3"})


@refuses("openai", "web_search_options", "web_search_options")
def _():
    chat(web_search_options={})


@refuses("openai", "a temperature out of range", "temperature", "9")
def _():
    chat(temperature=9)


@refuses("openai", "a tool's schema that no grammar can hold", "uniqueItems")
def _():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}},
    }
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    chat(response_format=form)


@refuses("openai", "previous_response_id", "previous_response_id")
def _():
    client.responses.create(model=MODEL, input="Go on", previous_response_id="resp_1")


@refuses("openai", "web search in responses", "web_search")
def _():
    client.responses.create(model=MODEL, input="News?", tools=[{"type": "web_search"}])


@refuses("openai", "embeddings without an embedding model", "embedding")
def _():
    client.embeddings.create(model=MODEL, input="Hello")


@refuses("openai", "images.generate", "/v1/images/generations")
def _():
    client.images.generate(model=MODEL, prompt="A cat")


@refuses("openai", "audio.speech", "/v1/audio/speech")
def _():
    client.audio.speech.create(model=MODEL, voice="alloy", input="Hello")


@refuses("openai", "moderations", "/v1/moderations")
def _():
    client.moderations.create(input="Hello")


@refuses("openai", "files.list", "/v1/files")
def _():
    client.files.list()


# --- anthropic ------------------------------------------------------------------------------------------------------

claude = anthropic.Anthropic(base_url=URL, api_key="none", max_retries=0, timeout=120)
CLAUDE_TOOL = {"name": "weather", "description": "Says the weather.", "input_schema": SCHEMA}
# The client's newer versions have no parameters for sampling.
GREEDY = {"extra_body": {"temperature": 0}}
ONE_CALL = {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}


def message(**more):
    return claude.messages.create(**{"model": MODEL, "messages": HI, "max_tokens": LIMIT, **more})


@works("anthropic", "messages.create")
def _():
    answer = message()
    assert answer.content[0].text and answer.usage.output_tokens <= LIMIT


@works("anthropic", "system, temperature, top_p, top_k, metadata")
def _():
    assert message(
        system="Be brief.", metadata={"user_id": "me"}, extra_body={"temperature": 0.5, "top_p": 0.9, "top_k": 20}
    ).content


@works("anthropic", "system as cached blocks")
def _():
    block = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    assert message(system=[block]).content


@works("anthropic", "max_tokens ends with max_tokens")
def _():
    assert message(max_tokens=2).stop_reason == "max_tokens"


@works("anthropic", "stop_sequences")
def _():
    stop = message(**GREEDY).content[0].text[2:4]
    answer = message(stop_sequences=[stop], **GREEDY)
    assert stop not in answer.content[0].text
    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", stop)


@works("anthropic", "a prefilled answer")
def _():
    assert message(messages=[*HI, {"role": "assistant", "content": "Hello"}]).stop_reason


@works("anthropic", "stream=True")
def _():
    types = [event.type for event in message(stream=True)]
    assert types[0] == "message_start" and types[-1] == "message_stop"


@works("anthropic", "messages.stream")
def _():
    with claude.messages.stream(model=MODEL, messages=HI, max_tokens=LIMIT) as stream:
        text = "".join(stream.text_stream)
        assert text == stream.get_final_text()


@works("anthropic", "AsyncAnthropic")
def _():
    async def ask():
        async with anthropic.AsyncAnthropic(base_url=URL, api_key="none", max_retries=0) as several:
            return await several.messages.create(model=MODEL, messages=HI, max_tokens=4)

    assert asyncio.run(ask()).content


@works("anthropic", "a tool by name")
def _():
    answer = message(tools=[CLAUDE_TOOL], tool_choice=ONE_CALL, max_tokens=100)
    assert answer.stop_reason == "tool_use" and isinstance(answer.content[0].input["city"], str)


@works("anthropic", "a tool by name, streamed")
def _():
    with claude.messages.stream(
        model=MODEL, messages=HI, tools=[CLAUDE_TOOL], tool_choice=ONE_CALL, max_tokens=100
    ) as stream:
        assert isinstance(stream.get_final_message().content[0].input["city"], str)


@works("anthropic", "tool results")
def _():
    used = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Rome"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "Sunny"}]}
    turns = [*HI, {"role": "assistant", "content": [used]}, {"role": "user", "content": [result]}]
    assert message(messages=turns, tools=[CLAUDE_TOOL]).stop_reason


@works("anthropic", "output_config with a schema")
def _():
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    check_city(message(output_config=form, max_tokens=80).content[0].text)


@works("anthropic", "messages.parse with a class")
def _():
    ask = [{"role": "user", "content": "Rome has 3 people."}]
    answer = claude.messages.parse(model=MODEL, messages=ask, output_format=City, max_tokens=400, **GREEDY)
    assert isinstance(answer.parsed_output, City)


@works("anthropic", "thinking disabled")
def _():
    assert message(thinking={"type": "disabled"}).content


@works("anthropic", "count_tokens")
def _():
    short = claude.messages.count_tokens(model=MODEL, messages=HI).input_tokens
    assert claude.messages.count_tokens(model=MODEL, messages=HI, system="Be brief.").input_tokens > short > 0


@works("anthropic", "models.list, models.retrieve")
def _():
    assert MODEL in [model.id for model in claude.models.list()]
    assert claude.models.retrieve(MODEL).id == MODEL


@refuses("anthropic", "an image", "messages[0].content[0]", "image", "vision")
def _():
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    message(messages=[{"role": "user", "content": [block]}])


@refuses("anthropic", "a document", "document")
def _():
    block = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PNG}}
    message(messages=[{"role": "user", "content": [block]}])


@refuses("anthropic", "web search", "web_search_20250305")
def _():
    message(tools=[{"type": "web_search_20250305", "name": "web_search"}])


@refuses("anthropic", "a temperature out of range", "temperature")
def _():
    message(extra_body={"temperature": 1.5})


@refuses("anthropic", "messages.batches", "/v1/messages/batches")
def _():
    claude.messages.batches.list()


# --- litellm --------------------------------------------------------------------------------------------------------

LITE = {"model": f"openai/{MODEL}", "api_base": V1, "api_key": "none", "num_retries": 0}


def lite(**more):
    return litellm.completion(**{**LITE, "messages": HI, "max_tokens": LIMIT, **more})


@works("litellm", "completion")
def _():
    answer = lite()
    assert answer.choices[0].message.content and answer.usage.total_tokens > 0


@works("litellm", "completion, streamed and put together")
def _():
    chunks = list(lite(stream=True, stream_options={"include_usage": True}))
    assert litellm.stream_chunk_builder(chunks, messages=HI).choices[0].message.content


@works("litellm", "acompletion, streamed")
def _():
    async def ask():
        return [chunk async for chunk in await litellm.acompletion(**LITE, messages=HI, max_tokens=4, stream=True)]

    assert asyncio.run(ask())


@works("litellm", "batch_completion")
def _():
    answers = litellm.batch_completion(**LITE, messages=[HI, HI], max_tokens=4)
    assert [len(answer.choices) for answer in answers] == [1, 1]


@works("litellm", "tools")
def _():
    answer = lite(tools=[TOOL], tool_choice="required", parallel_tool_calls=False, max_tokens=100).choices[0]
    assert answer.finish_reason == "tool_calls"
    check_city(answer.message.tool_calls[0].function.arguments)


@works("litellm", "tool results")
def _():
    assert lite(messages=WITH_RESULT, tools=[TOOL]).choices


@works("litellm", "response_format as a class")
def _():
    ask = [{"role": "user", "content": "Rome has 3 people."}]
    City.model_validate_json(
        lite(messages=ask, response_format=City, max_tokens=400, temperature=0).choices[0].message.content
    )


@works("litellm", "sampling and seed")
def _():
    assert lite(
        temperature=0.5, top_p=0.9, seed=3, stop=["END"], presence_penalty=0.1, frequency_penalty=0.1, n=2
    ).choices


@works("litellm", "hosted_vllm/")
def _():
    assert lite(model=f"hosted_vllm/{MODEL}", top_k=5, min_p=0.1).choices


@works("litellm", "lm_studio/")
def _():
    assert lite(model=f"lm_studio/{MODEL}").choices


@works("litellm", "anthropic/")
def _():
    answer = lite(model=f"anthropic/{MODEL}", api_base=URL)
    assert answer.choices[0].message.content


@works("litellm", "anthropic/ with tools, streamed")
def _():
    choice = {"type": "function", "function": {"name": "weather"}}
    chunks = list(
        lite(
            model=f"anthropic/{MODEL}",
            api_base=URL,
            tools=[TOOL],
            tool_choice=choice,
            parallel_tool_calls=False,
            max_tokens=100,
            stream=True,
        )
    )
    check_city(litellm.stream_chunk_builder(chunks, messages=HI).choices[0].message.tool_calls[0].function.arguments)


@works("litellm", "text_completion")
def _():
    answer = litellm.text_completion(
        model=f"text-completion-openai/{MODEL}", api_base=V1, api_key="none", prompt="Once", max_tokens=4
    )
    assert answer.choices[0].text


@works("litellm", "responses")
def _():
    assert litellm.responses(**LITE, input="Say hello.", max_output_tokens=LIMIT).output


@works("litellm", "an overflow is a ContextWindowExceededError")
def _():
    try:
        lite(messages=[{"role": "user", "content": "word " * 100_000}])
    except litellm.ContextWindowExceededError:
        return
    raise AssertionError("no error")


@refuses("litellm", "an image", "image_url", "vision")
def _():
    lite(messages=[{"role": "user", "content": [IMAGE]}])


@refuses("litellm", "embedding without an embedding model", "embedding")
def _():
    litellm.embedding(**LITE, input=["Hello"])


@refuses("litellm", "image_generation", "/v1/images/generations")
def _():
    litellm.image_generation(model=f"openai/{MODEL}", api_base=V1, api_key="none", prompt="A cat")


# --- langchain-openai -----------------------------------------------------------------------------------------------

LANG = {"model": MODEL, "base_url": V1, "api_key": "none", "max_retries": 0}


def lang(**more):
    return ChatOpenAI(**{**LANG, "max_tokens": LIMIT, **more})


@works("langchain-openai", "invoke")
def _():
    answer = lang().invoke("Say hello.")
    assert answer.content and answer.usage_metadata["output_tokens"] <= LIMIT
    assert answer.response_metadata["model_name"] == MODEL


@works("langchain-openai", "system, human and AI messages")
def _():
    turns = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Yes?"), HumanMessage("Say hello.")]
    assert lang().invoke(turns).content


@works("langchain-openai", "stream, with counts")
def _():
    whole = None
    for chunk in lang(stream_usage=True).stream("Say hello."):
        whole = chunk if whole is None else whole + chunk
    assert whole.content and whole.usage_metadata["total_tokens"] > 0


@works("langchain-openai", "ainvoke, abatch")
def _():
    async def ask():
        await lang(max_tokens=4).ainvoke("Say hello.")
        return await lang(max_tokens=4).abatch(["Hi", "Hello"])

    assert len(asyncio.run(ask())) == 2


@works("langchain-openai", "sampling, seed, stop, n, logprobs")
def _():
    model = lang(
        temperature=0.5, top_p=0.9, seed=3, stop=["END"], n=2, logprobs=True, top_logprobs=2, presence_penalty=0.1
    )
    assert model.invoke("Say hello.").response_metadata["logprobs"]["content"]


@works("langchain-openai", "bind_tools")
def _():
    model = lang(max_tokens=100).bind_tools([TOOL], tool_choice="weather", parallel_tool_calls=False)
    call = model.invoke("Weather in Rome?").tool_calls[0]
    assert call["name"] == "weather" and isinstance(call["args"]["city"], str)


@works("langchain-openai", "bind_tools, streamed")
def _():
    model = lang(max_tokens=100).bind_tools([TOOL], tool_choice="any", parallel_tool_calls=False)
    whole = None
    for chunk in model.stream("Weather in Rome?"):
        whole = chunk if whole is None else whole + chunk
    assert isinstance(whole.tool_calls[0]["args"]["city"], str)


@works("langchain-openai", "a ToolMessage")
def _():
    called = AIMessage("", tool_calls=[{"id": "c1", "name": "weather", "args": {"city": "Rome"}}])
    turns = [HumanMessage("Weather?"), called, ToolMessage("Sunny", tool_call_id="c1")]
    assert lang().bind_tools([TOOL]).invoke(turns) is not None


@works("langchain-openai", "with_structured_output, json_schema")
def _():
    model = lang(max_tokens=400, temperature=0).with_structured_output(City, method="json_schema")
    assert isinstance(model.invoke("Rome has 3 people."), City)


@works("langchain-openai", "with_structured_output, function_calling")
def _():
    model = lang(max_tokens=400, temperature=0).with_structured_output(City, method="function_calling")
    assert isinstance(model.invoke("Rome has 3 people."), City)


@works("langchain-openai", "with_structured_output, json_mode")
def _():
    # With other random numbers the model often finds no end.
    model = lang(max_tokens=200, seed=2).with_structured_output(None, method="json_mode", include_raw=True)
    assert model.invoke("A city as JSON.")["raw"].content.lstrip().startswith("{")


@works("langchain-openai", "use_responses_api, whole and streamed")
def _():
    model = lang(use_responses_api=True)
    assert model.invoke("Say hello.").text
    assert list(model.stream("Say hello."))


@works("langchain-openai", "use_responses_api with tools")
def _():
    model = lang(use_responses_api=True, max_tokens=100).bind_tools(
        [TOOL], tool_choice="weather", parallel_tool_calls=False
    )
    assert isinstance(model.invoke("Weather in Rome?").tool_calls[0]["args"]["city"], str)


@works("langchain-openai", "OpenAI, the plain completion")
def _():
    plain = OpenAI(**LANG, max_tokens=4)
    assert plain.invoke("Once") is not None
    assert len(plain.generate(["Once", "Twice"]).generations) == 2


@refuses("langchain-openai", "an image", "image_url", "vision")
def _():
    lang().invoke([HumanMessage([IMAGE])])


@refuses("langchain-openai", "OpenAIEmbeddings without an embedding model", "embedding")
def _():
    # Without this, the package asks for a tokenizer's file in the network.
    OpenAIEmbeddings(**LANG, check_embedding_ctx_length=False).embed_query("Hello")


# --------------------------------------------------------------------------------------------------------------------


def outcome(words, run):
    try:
        run()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        status = getattr(error, "status_code", None)
        named = words is not None and all(word in said for word in words)
        return ("refused" if named and status in (400, 404) else "fails"), said
    return ("works" if words is None else "fails"), ("" if words is None else "It was answered instead of refused.")


for name, call, words, run in rows:
    result, said = outcome(words, run)
    expected = "works" if words is None else "refused"
    print(
        json.dumps({"client": name, "call": call, "expected": expected, "outcome": result, "said": said[:400]}),
        flush=True,
    )
