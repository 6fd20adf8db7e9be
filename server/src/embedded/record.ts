// `<directory>/pg.json`: which server serves the directory, for people, for the next start and for other processes.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BinariesSource, isSource } from "./binaries.ts";
import { field, text } from "./unknown-value.ts";

export interface ServerRecord {
  port: number;
  /** There while the server is up: not before it answers, and not after a stop. */
  pid?: number;
  version: string;
  source: BinariesSource;
  /** The directory that holds the cluster. */
  home: string;
  /** The mark of the process that started the server and will stop it. */
  owner: string;
}

/** The last record, or nothing when there is none or it is damaged: everything in it can be found out again. */
export function readRecord(directory: string): ServerRecord | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(join(directory, "pg.json"), "utf8"));
    const [port, pid, source] = [field(read, "port"), field(read, "pid"), field(read, "source")];
    const [version, home, owner] = [text(read, "version"), text(read, "home"), text(read, "owner")];
    if (typeof port !== "number" || home === "" || !isSource(source)) return undefined;
    return { port, version, source, home, owner, ...(typeof pid === "number" ? { pid } : {}) };
  } catch {
    return undefined;
  }
}

/** Replaces the record whole, so that no reader sees half of it. It holds no password. */
export function writeRecord(directory: string, record: ServerRecord): void {
  const draft = join(directory, `pg.json.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, join(directory, "pg.json"));
}
