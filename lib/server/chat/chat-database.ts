import { copyFileSync, existsSync, rmSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import Database from "libsql";
import { makeFolder } from "@/lib/server/system/make-folder";
import { moveFile, moveFileSync } from "@/lib/server/system/move-file";
import { systemCodeOf } from "@/lib/server/system/system-code";
import { ChatStoreError } from "./chat-errors";
import { CHAT_APPLICATION_ID, chatMigrations } from "./chat-migrations";

/** The calls are synchronous. When another program holds the database, they must not block the web server for longer than this. */
const BUSY_TIMEOUT_MS = 700;

type Value = string | number | null;
type Row = Record<string, unknown>;

/** The file exists but is not a Headroom database that this version can use. */
class UnusableDatabaseError extends Error {
  override readonly name = "UnusableDatabaseError";
}

export interface ChatDatabaseOptions {
  /** ":memory:" keeps nothing. */
  readonly filePath: string;
  /** Runs once after each opening, before anything else. */
  readonly onOpen?: (database: ChatDatabase) => void;
  readonly now?: () => number;
  readonly move?: typeof moveFileSync;
}

/**
 * One SQLite file: opened at the first use, checked, migrated, and put aside (never deleted) when it is broken.
 * Every failure becomes a ChatStoreError, and the next use tries again: a full disk or a lost folder heals by itself.
 */
export class ChatDatabase {
  readonly #options: ChatDatabaseOptions;
  readonly #statements = new Map<string, Database.Statement<Value[]>>();
  #connection: Database.Database | undefined;
  #notice: string | null = null;
  /** Why the file is to be put aside, until that is done. */
  #unusable: string | null = null;

  constructor(options: ChatDatabaseOptions) {
    this.#options = options;
  }

  /** What a user should know about the last opening; null when all went well. */
  get notice(): string | null {
    return this.#notice;
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#guarded(() => this.#statement(sql).all(...values) as Row[]);
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return this.all(sql, ...values)[0];
  }

  /** @returns how many rows were changed */
  run(sql: string, ...values: Value[]): number {
    return this.#guarded(() => this.#statement(sql).run(...values).changes);
  }

  /** When this returns, either all of it is committed to the disk or none of it. */
  transaction<Result>(work: () => Result): Result {
    return this.#guarded(() => {
      const connection = this.#open();
      if (connection.inTransaction) return work();
      this.#refuseLostFile();
      connection.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        connection.exec("COMMIT");
        return result;
      } catch (error) {
        if (connection.inTransaction) connection.exec("ROLLBACK");
        throw error;
      }
    });
  }

  /**
   * Copies the database beside itself without blocking. In WAL mode only a checkpoint writes the main file,
   * and no checkpoint runs during the copy.
   */
  async backUp(): Promise<void> {
    const { filePath } = this.#options;
    if (filePath === ":memory:") return;
    const connection = this.#open();
    const partPath = `${backupPathOf(filePath)}.tmp`;
    try {
      connection.pragma("wal_autocheckpoint = 0");
      connection.pragma("wal_checkpoint(TRUNCATE)");
      await copyFile(filePath, partPath);
      await moveFile(partPath, backupPathOf(filePath));
    } catch (error) {
      rmSync(partPath, { force: true });
      throw storeError(error);
    } finally {
      if (connection.open) connection.pragma("wal_autocheckpoint = 1000");
    }
  }

  /** Leaves one file. The driver alone would leave the write-ahead log beside it. */
  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#statements.clear();
    if (!connection) return;
    try {
      connection.pragma("wal_checkpoint(TRUNCATE)");
    } catch {
      // The file is damaged or another program holds it. Committed data is in the log and is read from there.
    }
    connection.close();
  }

  #statement(sql: string): Database.Statement<Value[]> {
    const connection = this.#open();
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = connection.prepare<Value[]>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #open(): Database.Database {
    if (this.#connection) return this.#connection;
    this.#connection = this.#openOrRestore();
    this.#options.onOpen?.(this);
    return this.#connection;
  }

  #openOrRestore(): Database.Database {
    const { filePath, now = Date.now, move = moveFileSync } = this.#options;
    if (filePath === ":memory:") return openDatabase(filePath);
    makeFolder(dirname(filePath), 0o700);
    rmSync(`${backupPathOf(filePath)}.tmp`, { force: true });
    if (this.#unusable === null) {
      try {
        if (isEmptied(filePath)) throw new UnusableDatabaseError("it is empty, and a backup is not");
        return openDatabase(filePath);
      } catch (error) {
        if (!isUnusable(error)) throw error;
        this.#unusable = reasonOf(error);
      }
    }
    const asidePath = putAside(filePath, now(), move);
    const restored = restoreBackup(filePath);
    this.#notice = `The chat history could not be used (${this.#unusable}). It was kept as ${baseName(asidePath)}; ${restored ? "the last backup was restored" : "a new history was started"}.`;
    this.#unusable = null;
    return openDatabase(filePath);
  }

  /** SQLite keeps writing into a file that was deleted, and those messages would be lost at the next start. */
  #refuseLostFile(): void {
    const { filePath } = this.#options;
    if (filePath === ":memory:" || existsSync(filePath)) return;
    this.close();
    throw new ChatStoreError(
      "STORE_UNAVAILABLE",
      "The file of the chat history is gone; the next message starts a new one.",
    );
  }

  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      // A damaged file is checked again at the next use, and put aside.
      if (isUnusable(error)) this.close();
      throw storeError(error);
    }
  }
}

const baseName = (path: string): string => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
const backupPathOf = (filePath: string): string => `${filePath}.backup`;
const isEmptied = (filePath: string): boolean =>
  existsSync(filePath) && statSync(filePath).size === 0 && existsSync(backupPathOf(filePath));

function openDatabase(filePath: string): Database.Database {
  const connection = new Database(filePath, { timeout: BUSY_TIMEOUT_MS });
  try {
    connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    refuseForeign(connection);
    connection.pragma("journal_mode = WAL");
    // FULL: an acknowledged message survives a power cut, not only a killed process.
    connection.pragma("synchronous = FULL");
    connection.pragma("foreign_keys = ON");
    // Deleted text is overwritten where that costs nothing extra.
    connection.pragma("secure_delete = FAST");
    const [check] = connection.pragma("quick_check(1)") as [{ quick_check?: string }?];
    if (check?.quick_check !== "ok") throw new UnusableDatabaseError("it is damaged");
    migrate(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

const pragmaNumber = (connection: Database.Database, name: string): number => {
  const [row] = connection.pragma(name) as [Record<string, unknown>?];
  return Number(row?.[name] ?? 0);
};

function refuseForeign(connection: Database.Database): void {
  const version = pragmaNumber(connection, "user_version");
  const applicationId = pragmaNumber(connection, "application_id");
  const tables = connection.prepare("SELECT count(*) AS tables FROM sqlite_master").get() as { tables: number };
  if (applicationId === CHAT_APPLICATION_ID ? version > chatMigrations.length : tables.tables > 0) {
    throw new UnusableDatabaseError(
      applicationId === CHAT_APPLICATION_ID
        ? `it was written by a newer version of Headroom (format ${version}, this one reads ${chatMigrations.length})`
        : "it is another program's database",
    );
  }
}

function migrate(connection: Database.Database): void {
  for (let version = pragmaNumber(connection, "user_version"); version < chatMigrations.length; version++) {
    // user_version is part of the transaction: after a kill in between, the step runs again.
    connection.exec("BEGIN IMMEDIATE");
    try {
      connection.exec(chatMigrations[version] ?? "");
      connection.exec(`PRAGMA application_id = ${CHAT_APPLICATION_ID}; PRAGMA user_version = ${version + 1}`);
      connection.exec("COMMIT");
    } catch (error) {
      if (connection.inTransaction) connection.exec("ROLLBACK");
      throw error;
    }
  }
}

/**
 * The write-ahead log is moved too: it may hold messages that are not in the main file.
 *
 * @throws the file system's error; on Windows at the first try, because the driver still has the file open that it found unusable
 */
function putAside(filePath: string, nowMs: number, move: typeof moveFileSync): string {
  const asidePath = `${filePath}.broken-${new Date(nowMs).toISOString().replace(/[:.]/g, "-")}`;
  try {
    for (const suffix of ["", "-wal", "-shm"])
      if (existsSync(filePath + suffix)) move(filePath + suffix, asidePath + suffix);
  } catch (error) {
    // Later, when this call has no more hold on them.
    setImmediate(collectStatements);
    throw error;
  }
  return asidePath;
}

/** The driver lets go of a closed file only when the statements for it are collected, which may take hours. */
function collectStatements(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}

function restoreBackup(filePath: string): boolean {
  const backupPath = backupPathOf(filePath);
  if (!existsSync(backupPath)) return false;
  copyFileSync(backupPath, filePath);
  try {
    openDatabase(filePath).close();
    return true;
  } catch {
    rmSync(filePath, { force: true });
    return false;
  }
}

const isUnusable = (error: unknown): boolean =>
  error instanceof UnusableDatabaseError || /^SQLITE_(NOTADB|CORRUPT)/.test(systemCodeOf(error));

const reasonOf = (error: unknown): string =>
  error instanceof UnusableDatabaseError ? error.message : "it is damaged or not a database";

/** Turns SQLite's failures into words; our own errors pass through. */
function storeError(error: unknown): unknown {
  const code = systemCodeOf(error);
  const unavailable = (message: string) => new ChatStoreError("STORE_UNAVAILABLE", message, error);
  if (code === "SQLITE_FULL" || code === "ENOSPC") {
    return new ChatStoreError(
      "DISK_FULL",
      "The disk is full: the chat history cannot be written. Reading goes on.",
      error,
    );
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return unavailable("Another program holds the chat history; close it and try again.");
  }
  if (code.startsWith("SQLITE_READONLY") || code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return unavailable("The chat history cannot be written: its folder is read-only.");
  }
  if (isUnusable(error)) return unavailable("The chat history is damaged; it is put aside at the next try.");
  if (code.startsWith("SQLITE_CONSTRAINT")) return error;
  if (
    /^(?:SQLITE_|E[A-Z]+$)/.test(code) ||
    (error instanceof Error && error.message.includes("Unable to open connection"))
  ) {
    return unavailable("The chat history cannot be opened or written.");
  }
  return error;
}
