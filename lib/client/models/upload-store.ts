import { cancelUpload, sendPiece, startUpload, UPLOAD_PIECE_BYTES } from "@/lib/schema/api/uploads";
import type { ErrorBody } from "@/lib/schema/api-error";
import { apiRequest, errorBody } from "../api-request";
import { createStore } from "../store";
import { useStore } from "../use-store";
import { modelStore } from "./model-store";

/** A file that is copied into the models folder, or was. */
export interface ModelUpload {
  readonly id: number;
  readonly fileName: string;
  readonly fileBytes: number;
  readonly sentBytes: number;
  readonly state: "sending" | "done" | "failed";
  readonly error: ErrorBody | null;
}

/** Stays while other screens are shown. */
const uploadStore = createStore<readonly ModelUpload[]>([]);
const running = new Map<number, AbortController>();
let newest = 0;

export const useUploads = (): readonly ModelUpload[] => useStore(uploadStore, state => state);

const change = (id: number, part: Partial<ModelUpload>): void =>
  uploadStore.update(uploads => uploads.map(upload => (upload.id === id ? { ...upload, ...part } : upload)));

/** Copies files into the models folder, one after the other. */
export async function uploadModels(files: readonly File[]): Promise<void> {
  const queued = files.map(file => ({ file, id: ++newest }));
  const added = queued.map(
    ({ file, id }): ModelUpload => ({
      id,
      fileName: file.name,
      fileBytes: file.size,
      sentBytes: 0,
      state: "sending",
      error: null,
    }),
  );
  for (const { id } of added) running.set(id, new AbortController());
  uploadStore.update(uploads => [...uploads, ...added]);
  for (const { file, id } of queued) await uploadModel(file, id);
}

async function uploadModel(file: File, id: number): Promise<void> {
  const signal = running.get(id)?.signal;
  if (signal === undefined || signal.aborted) return;
  try {
    await sendFile(file, id, signal);
    change(id, { state: "done" });
    await modelStore.refresh();
  } catch (error) {
    if (!signal.aborted) change(id, { state: "failed", error: errorBody(error) });
  } finally {
    running.delete(id);
  }
}

async function sendFile(file: File, id: number, signal: AbortSignal): Promise<void> {
  const body = { fileName: file.name, fileBytes: file.size };
  const { id: serverId } = await apiRequest(startUpload, { body, signal });
  const params = { id: serverId };
  try {
    for (let offsetBytes = 0; offsetBytes < file.size; ) {
      const bytes = file.slice(offsetBytes, offsetBytes + UPLOAD_PIECE_BYTES);
      const { receivedBytes } = await apiRequest(sendPiece, { params, query: { offsetBytes }, bytes, signal });
      offsetBytes = receivedBytes;
      change(id, { sentBytes: receivedBytes });
    }
  } catch (error) {
    await apiRequest(cancelUpload, { params }).catch(() => {});
    throw error;
  }
}

/** Stops a copy, and takes it off the list. */
export function dropUpload(id: number): void {
  running.get(id)?.abort();
  running.delete(id);
  uploadStore.update(uploads => uploads.filter(upload => upload.id !== id));
}
