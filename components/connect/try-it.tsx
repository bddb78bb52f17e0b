"use client";
import { type FormEvent, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Field, FieldInput } from "@/components/ui/field";
import { errorText } from "@/lib/client/api-request";
import { askOverApi } from "@/lib/client/ask-over-api";
import type { Connection } from "./example-code";

/** Sends a question the way another program would, and shows the answer as it comes. */
export function TryIt({ baseUrl, model }: Pick<Connection, "baseUrl" | "model">) {
  const [question, setQuestion] = useState("Name three rivers.");
  const [key, setKey] = useState("");
  const [answer, setAnswer] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const asking = useRef<AbortController | null>(null);
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    const stop = new AbortController();
    asking.current = stop;
    setAnswer("");
    setProblem(null);
    setAsking(true);
    try {
      for await (const text of askOverApi({ baseUrl, model, question, key, signal: stop.signal }))
        setAnswer(before => before + text);
    } catch (error) {
      if (!stop.signal.aborted) setProblem(errorText(error));
    } finally {
      setAsking(false);
    }
  };
  return (
    <Card heading="Try it" aside={`POST ${new URL(baseUrl).pathname}/chat/completions`}>
      <form onSubmit={event => void ask(event)} className="flex flex-col gap-3">
        <Field label="Question">
          <FieldInput required value={question} onChange={event => setQuestion(event.target.value)} />
        </Field>
        <Field label="API key" help="Only if this Headroom asks for one.">
          <FieldInput
            autoComplete="off"
            spellCheck={false}
            value={key}
            onChange={event => setKey(event.target.value)}
          />
        </Field>
        <div>
          {isAsking ? (
            <Button onClick={() => asking.current?.abort()}>Stop</Button>
          ) : (
            <Button type="submit" look="primary">
              Send
            </Button>
          )}
        </div>
      </form>
      <output aria-label="Answer" className="mt-3 block whitespace-pre-wrap break-words">
        {problem === null ? answer : <span className="text-bad">{problem}</span>}
      </output>
    </Card>
  );
}
