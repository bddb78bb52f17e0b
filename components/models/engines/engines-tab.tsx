"use client";
import { Button } from "@/components/ui/button";
import { showFailure } from "@/components/ui/toast/show-failure";
import { answerWith, useEngineList } from "@/lib/client/models/engine-list-store";
import { LLAMA_SERVER_ID } from "@/lib/schema/engines/other-engine";
import { AddEngine } from "./add-engine";
import { EngineRow } from "./engine-row";
import { LlamaServerCard } from "./llama-server-card";

/** Servers that answer in place of this computer's own engine. */
export default function EnginesTab() {
  const { data, error } = useEngineList();
  return (
    <div className="flex flex-col gap-4">
      <p className="text-ink-2">
        A server with OpenAI's API can answer in the same chats and under /v1: llama.cpp's server, vLLM, SGLang, Ollama,
        LM Studio. What you write is then sent to its address. The built-in engine then gives its memory back.
      </p>
      {error !== null && (
        <p role="alert" className="text-bad text-sm">
          {error.message} {error.next}
        </p>
      )}
      {data?.chosen && (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <p>
            {data.chosen.engineId === LLAMA_SERVER_ID
              ? "llama-server answers now."
              : `${data.chosen.model} answers now.`}
          </p>
          <Button size="sm" onClick={() => void answerWith(null).catch(showFailure("Nothing was changed"))}>
            Use the built-in engine
          </Button>
        </div>
      )}
      {data !== null && data.engines.length > 0 && (
        <ul aria-label="Engines" className="flex flex-col gap-3">
          {data.engines.map(engine => (
            <EngineRow
              key={engine.id}
              engine={engine}
              answering={data.chosen?.engineId === engine.id ? data.chosen.model : null}
            />
          ))}
        </ul>
      )}
      <AddEngine />
      {data !== null && (
        <LlamaServerCard path={data.llamaServerPath} isAnswering={data.chosen?.engineId === LLAMA_SERVER_ID} />
      )}
    </div>
  );
}
