import { gzipSync } from "node:zlib";

/** Gzipped, for the chat. Most of it is React and Next. */
export const FIRST_LOAD_GOAL_BYTES = 200_000;

export interface FirstLoad {
  readonly files: number;
  readonly gzippedBytes: number;
}

/**
 * Scripts that a page needs before it can be used. Later ones (markdown, menus, dialogs) are not included. Scripts
 * marked noModule are for browsers from before 2018; other browsers never fetch them.
 */
export async function readFirstLoad(pageUrl: string): Promise<FirstLoad> {
  const html = await (await fetch(pageUrl)).text();
  const tags = [...html.matchAll(/<script[^>]+src="([^"]+)"[^>]*>/g)].filter(([tag]) => !/nomodule/i.test(tag));
  const paths = new Set(tags.map(([, path]) => path ?? ""));
  let gzippedBytes = 0;
  for (const path of paths) {
    const script = await (await fetch(new URL(path, pageUrl))).arrayBuffer();
    gzippedBytes += gzipSync(script).length;
  }
  return { files: paths.size, gzippedBytes };
}
