import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A file of sysfs holds at most one page. @see Documentation/filesystems/sysfs.rst */
const PAGE_BYTES = 4096;

/** A folder of small files with one value each, as the kernel shows devices. Whatever is missing, unreadable or odd is null. */
export class SmallFiles {
  constructor(readonly folder: string) {}

  async text(name: string): Promise<string | null> {
    try {
      const file = await open(join(this.folder, name), "r");
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, null);
        return buffer.toString("utf8", 0, bytesRead).trim() || null;
      } finally {
        await file.close();
      }
    } catch {
      return null;
    }
  }

  /** A whole number without a unit; negative ones and those above `max` are null. */
  async number(name: string, max: number): Promise<number | null> {
    const text = await this.text(name);
    if (text === null || !/^\d+$/.test(text)) return null;
    const value = Number(text);
    return value <= max ? value : null;
  }

  async names(): Promise<readonly string[]> {
    return readdir(this.folder).catch(() => []);
  }

  within(...path: string[]): SmallFiles {
    return new SmallFiles(join(this.folder, ...path));
  }
}
