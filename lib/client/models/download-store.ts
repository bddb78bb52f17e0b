import { commandDownload, limitDownloads, listDownloads, startDownload } from "@/lib/schema/api/downloads";
import type { Download } from "@/lib/schema/models/download";
import { apiRequest } from "../api-request";
import { liveStore, useLive } from "../live-store";
import { createResource } from "../resource-store";
import { useStore } from "../use-store";

/** All downloads of this computer, as the server last reported them. */
export const useDownloads = (): readonly Download[] => useLive(state => state.downloads);

/** The download of this address, also one that is over. */
export const useDownloadOf = (source: string): Download | undefined =>
  useLive(state => state.downloads.find(download => download.source === source));

const showDownloads = (downloads: readonly Download[]): void => liveStore.update(state => ({ ...state, downloads }));

/** @throws ApiError, TypeError */
export async function getModel(source: string): Promise<void> {
  const { download } = await apiRequest(startDownload, { body: { source } });
  showDownloads([...liveStore.get().downloads.filter(({ id }) => id !== download.id), download]);
}

export type DownloadAction = "pause" | "resume" | "cancel" | "dismiss";

/** @throws ApiError, TypeError */
export async function steerDownload(id: string, action: DownloadAction): Promise<void> {
  showDownloads((await apiRequest(commandDownload, { params: { id }, body: { action } })).downloads);
}

const limitStore = createResource(listDownloads, () => ({}), []);

/** Bytes a second; null for no limit, undefined until it is known. */
export const useSpeedLimit = (): number | null | undefined =>
  useStore(limitStore, ({ data }) => data?.bytesPerSecondLimit);

/** @throws ApiError, TypeError */
export async function limitSpeed(bytesPerSecondLimit: number | null): Promise<void> {
  limitStore.set({ data: await apiRequest(limitDownloads, { body: { bytesPerSecondLimit } }), error: null });
}
