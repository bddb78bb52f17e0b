"use client";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { chatAndReport } from "@/components/settings/apply-and-report";
import { Button } from "@/components/ui/button";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { type DownloadAction, getModel, steerDownload, useDownloadOf } from "@/lib/client/models/download-store";
import { useModels } from "@/lib/client/models/model-store";
import { type Download, isDownloadOf } from "@/lib/schema/models/download";
import { formatBytes } from "@/lib/units/bytes";
import { downloadPercent } from "./download-words";

interface GetButtonProps {
  /** `hf:owner/repo/file.gguf`, or an https address. The first part of a split model stands for all parts. */
  readonly source: string;
  /** Of all parts together; null if unknown. */
  readonly bytes: number | null;
  /** "Get" unless given. */
  readonly label?: string;
  /** Of the press that fetches it: primary where it is the next thing to do. */
  readonly look?: "primary" | "plain";
}

/** Fetches a model, and shows how far that is; opens a chat with one that is on this computer. */
export function GetButton({ source, bytes, label = "Get", look = "plain" }: GetButtonProps) {
  const download = useDownloadOf(source);
  const model = useModels().data?.models.find(({ name }) => isDownloadOf({ name }, source));
  const [isAsking, setAsking] = useState(false);
  const name = source.split("/").at(-1) ?? source;
  const doneName = download?.state === "done" ? download.name : model?.problem === null ? model.name : undefined;
  if (doneName !== undefined) return <ChatButton name={doneName} />;
  if (download !== undefined) return <SteerButton download={download} file={name} />;
  const get = async () => {
    setAsking(true);
    await reportFailure(`${name} cannot be fetched`, () => getModel(source));
    setAsking(false);
  };
  const size = bytes === null ? "" : ` · ${formatBytes(bytes)}`;
  return (
    <Button look={look} disabled={isAsking} aria-label={`${label} ${name}${size}`} onClick={() => void get()}>
      {isAsking ? "Asking…" : `${label}${size}`}
    </Button>
  );
}

function ChatButton({ name }: { readonly name: string }) {
  const router = useRouter();
  const [isBusy, setBusy] = useState(false);
  const load = async () => {
    setBusy(true);
    await chatAndReport(name, path => router.push(path));
    setBusy(false);
  };
  return (
    <Button look="primary" disabled={isBusy} aria-label={`Chat with ${name}`} onClick={() => void load()}>
      {isBusy ? "Loading…" : "Chat with it"}
    </Button>
  );
}

/** What the button says and does in each state that is not over. */
function steering(download: Download): { words: string; verb: string; action: DownloadAction | null } {
  const percent = downloadPercent(download);
  switch (download.state) {
    case "queued":
      return { words: "Queued · cancel", verb: "Cancel", action: "cancel" };
    case "paused":
      return { words: percent === null ? "Resume" : `${percent} % · resume`, verb: "Resume", action: "resume" };
    case "waiting":
      return { words: "Waiting · try now", verb: "Try now:", action: "resume" };
    case "failed":
      return { words: "Failed · try again", verb: "Try again:", action: "resume" };
    case "verifying":
      return { words: "Checking…", verb: "Checking", action: null };
    default:
      return { words: percent === null ? "Starting · pause" : `${percent} % · pause`, verb: "Pause", action: "pause" };
  }
}

function SteerButton({ download, file }: { readonly download: Download; readonly file: string }) {
  const { words, verb, action } = steering(download);
  const steer = () =>
    reportFailure(`${file} stays as it is`, async () => {
      if (action !== null) await steerDownload(download.id, action);
    });
  return (
    <Button
      disabled={action === null}
      className="tabular-nums"
      aria-label={`${verb} ${file}`}
      title={"error" in download ? download.error.message : "why" in download ? download.why.message : undefined}
      onClick={() => void steer()}
    >
      {words}
    </Button>
  );
}
