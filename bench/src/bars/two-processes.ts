import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Field } from "../field.ts";
import { type Figure, inTurns, type Runner } from "../rate.ts";

const program = fileURLToPath(new URL("../hot-process.js", import.meta.url));
const DEADLOCKS = "SELECT deadlocks::int AS deadlocks FROM pg_stat_database WHERE datname = current_database()";

/** Two processes on one hot balance beside one: each has lanes of its own, and the row is the only thing they share. */
export async function twoProcesses(field: Field): Promise<Figure> {
  let runs = 0;
  const processes = (count: number): Runner => ({
    name: `${count} processes, 256 at once in each`,
    async run(seconds) {
      const answers = await Promise.all(
        Array.from({ length: count }, () => {
          runs += 1;
          return elsewhere([field.url, String(seconds), `two-${runs}`]);
        }),
      );
      field.acknowledge(answers.reduce((sum, { consumed }) => sum + consumed, 0));
      return answers.reduce((sum, { rate }) => sum + rate, 0);
    },
  });
  const before = await deadlocks(field);
  const found = await inTurns(processes(2), processes(1), 3, 3);
  const deadlocked = (await deadlocks(field)) - before;
  const problem = (await field.check()) ?? (deadlocked === 0 ? undefined : `${deadlocked} deadlocks`);
  return {
    bar: "two_processes",
    what: "consumptions a second on one balance from two processes ÷ from one; no deadlock, nothing overspent",
    ...found,
    floor: 0.7,
    aim: 1,
    ok: problem === undefined,
    ...(problem === undefined ? {} : { problem }),
  };
}

const deadlocks = async ({ admin }: Field) =>
  (await admin.query<{ deadlocks: number }>(DEADLOCKS)).rows[0]?.deadlocks ?? 0;

function elsewhere(args: string[]): Promise<{ consumed: number; rate: number }> {
  return new Promise((resolve, reject) => {
    const child = fork(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.once("message", (message) => resolve(message as { consumed: number; rate: number }));
    child.once("error", reject);
    child.once("exit", (code) => code === 0 || reject(new Error(`the process ended with ${code}`)));
  });
}
