"use client";
import Link from "next/link";
import { useId, useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { showToast } from "@/components/ui/toast/toast";
import { useForm } from "@/components/ui/use-form";
import { apiRequest } from "@/lib/client/api-request";
import { runHubSearch } from "@/lib/client/models/hub-search";
import { modelStore } from "@/lib/client/models/model-store";
import { uploadModels } from "@/lib/client/models/upload-store";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import { addModelFile, addModelFolder, findRepositories } from "@/lib/schema/api/models";
import { GetButton } from "../downloads/get-button";
import { PathField } from "../path-field";

interface AddModelProps {
  readonly onClose: () => void;
  /** Shows the repository that was typed, with the fit of its files. */
  readonly openHub: () => void;
}

const HELP =
  "The path of a .gguf file or of a folder on this computer, a link to a .gguf file, hf:owner/repo, owner/repo:Q4_K_M, a page of Hugging Face, or an ollama command.";

const isPath = (text: string): boolean => /^["']?(?:[/\\~]|[a-z]:[\\/]|file:)/i.test(text);
const isFile = (text: string): boolean => /\.gguf["']?$/i.test(text);
const withoutQuotes = (text: string): string => text.replace(/^(["'])(.*)\1$/, "$2");

/** One field for everything that leads to a model, and a button for a file of this computer. */
export default function AddModelDialog({ onClose, openHub }: AddModelProps) {
  const [text, setText] = useState("");
  const [source, setSource] = useState<string | null>(null);
  const add = async (written: string) => {
    if (isPath(written)) {
      const added = isFile(written)
        ? await apiRequest(addModelFile, { body: { path: written } }).then(({ name }) => name)
        : await apiRequest(addModelFolder, { body: { path: withoutQuotes(written) } }).then(() =>
            withoutQuotes(written),
          );
      await modelStore.refresh();
      showToast({ title: "In the library", description: added });
      onClose();
      return;
    }
    const answer = await apiRequest(findRepositories, { query: { words: written, sort: "trending" } });
    if (answer.kind === "file") return setSource(answer.source);
    void runHubSearch(written, "trending");
    openHub();
  };
  const { error, isBusy, handlers } = useForm(() => {
    setSource(null);
    return add(text.trim());
  });
  return (
    <Dialog
      onClose={onClose}
      title="Add a model"
      description="Its header is read first. A file of this computer is used where it is."
    >
      <form {...handlers} className="flex flex-col gap-3">
        <PathField
          label="Path, link or repository"
          help={HELP}
          error={error}
          autoFocus
          placeholder="/path/to/model.gguf"
          value={text}
          onChange={setText}
        />
        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" look="primary" disabled={isBusy}>
            {isBusy ? "Looking…" : "Add"}
          </Button>
          <ChooseFiles onChosen={onClose} />
        </div>
      </form>
      {source !== null && <FoundRemoteFile source={source} />}
    </Dialog>
  );
}

/** A file of the web whose header was read: it is a model, and can be fetched or planned. */
function FoundRemoteFile({ source }: { readonly source: string }) {
  return (
    <div className="mt-4 border-line border-t pt-3">
      <p className="mb-2 break-all">{source}</p>
      <div className="flex flex-wrap items-center gap-2">
        <GetButton source={source} bytes={null} label="Download" />
        <Link href={dashboardAddress(source)} prefetch={false} className={buttonClass("quiet")}>
          See its plan
        </Link>
      </div>
    </div>
  );
}

/** Copies files into the models folder: a browser does not tell where they are, so they cannot be used in place. */
function ChooseFiles({ onChosen }: { readonly onChosen: () => void }) {
  const inputId = useId();
  return (
    <>
      <input
        id={inputId}
        type="file"
        multiple
        accept=".gguf"
        className="peer sr-only"
        onChange={({ target }) => {
          void uploadModels([...(target.files ?? [])]);
          if (target.files?.length) onChosen();
        }}
      />
      <label htmlFor={inputId} className={`${buttonClass()} cursor-pointer peer-focus-visible:outline-2`}>
        Copy a file into the models folder…
      </label>
    </>
  );
}
