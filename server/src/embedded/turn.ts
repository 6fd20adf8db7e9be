// Starting is done by one process at a time. Node has no lock that the kernel gives back when its holder is killed, and
// a lock file that a second process takes away from a dead holder can be taken from a third one that just made it. So
// turns are numbered: whoever creates `start.<n+1>` after the holder of `start.<n>` finished or died has the turn, and
// the file with the highest number is never deleted, so that no number is given out twice.
import { randomUUID } from "node:crypto";
import { linkSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, processMark } from "./liveness.ts";
import { text } from "./unknown-value.ts";

const patience = 180_000;

/** Runs `work` while no other call, in this process or another, runs one for the same directory. */
export async function oneAtATime<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const turn = await takeTurn(directory);
  try {
    return await work();
  } finally {
    // An empty file is a finished turn. A killed holder never gets here; its mark is then that of no process.
    truncateSync(turn);
  }
}

async function takeTurn(directory: string): Promise<string> {
  const turn = (n: number) => join(directory, `start.${n}`);
  // Linked from a finished draft, because a file that is created and then written is empty, that is free, in between.
  const draft = join(directory, `start.draft-${process.pid}-${randomUUID()}`);
  const limit = AbortSignal.timeout(patience);
  writeFileSync(draft, processMark(process.pid) ?? "", { mode: 0o600 });
  try {
    for (;;) {
      const last = highest(directory);
      const holder = last === 0 ? "" : holderOf(turn(last));
      if (holder !== "") {
        if (limit.aborted)
          throw new Error(`${turn(last)}: process ${holder} has been starting PostgreSQL for too long.`);
        await sleep(20);
      } else if (linked(draft, turn(last + 1))) {
        if (highest(directory) === last + 1) {
          sweep(directory, last + 1);
          return turn(last + 1);
        }
        // We were slow: this number had been used and swept away. Others look only at the highest, so it misled nobody.
        rmSync(turn(last + 1), { force: true });
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

const numberOf = (name: string) => Number(/^start\.(\d+)$/.exec(name)?.[1] ?? 0);
const highest = (directory: string) => Math.max(0, ...readdirSync(directory).map(numberOf));

/** The mark of the process whose turn it is, or nothing when the turn is over. */
function holderOf(turn: string): string {
  try {
    const mark = readFileSync(turn, "utf8");
    return mark !== "" && isRunning(mark) ? mark : "";
  } catch (error) {
    // Swept away meanwhile, so a higher one exists: look again.
    if (text(error, "code") === "ENOENT") return "?";
    throw error;
  }
}

function linked(draft: string, turn: string): boolean {
  try {
    linkSync(draft, turn);
    return true;
  } catch (error) {
    if (text(error, "code") === "EEXIST") return false;
    throw error;
  }
}

function sweep(directory: string, current: number): void {
  for (const name of readdirSync(directory)) {
    const draftOf = Number(/^start\.draft-(\d+)-/.exec(name)?.[1] ?? process.pid);
    const old = numberOf(name) > 0 && numberOf(name) < current;
    if (old || processMark(draftOf) === undefined) rmSync(join(directory, name), { force: true });
  }
}
