// Workers as processes: many at once, consumers in between, killed in the middle of their work, in every zone.
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../sql/connection.ts";
import { createWorkbench, type Workbench } from "../workbench.ts";
import { arrange, fallDue, makeDue } from "./due.ts";
import { type Rows, rowsOf, story } from "./twins.ts";

let bench: Workbench;
beforeAll(async () => {
  // The processes run what is compiled.
  const root = new URL("../../..", import.meta.url);
  const compiler = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
  execFileSync(process.execPath, [compiler, "-b", fileURLToPath(new URL("engine", root))], { stdio: "inherit" });
  bench = await createWorkbench({ max: 16 });
});
afterAll(() => bench.close());

const patient = { timeout: 50_000 };

interface Said {
  readonly done?: number;
  readonly found?: number;
  readonly trouble?: string;
}
interface Working {
  readonly process: ChildProcess;
  readonly said: Said[];
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
}

function work(args: readonly (string | number)[] = [], environment: Record<string, string> = {}): Working {
  const script = fileURLToPath(new URL("working-process.mjs", import.meta.url));
  const child = fork(script, [bench.database.serviceUrl, ...args.map(String)], {
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, ...environment },
  });
  const said: Said[] = [];
  child.on("message", (message) => said.push(message as Said));
  const ended = once(child, "exit").then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { process: child, said, ended };
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n + 1}`);
const answers = async <Answer>(question: string, values: unknown[] = []) =>
  (await bench.rows<{ answer: Answer }>(question, values))[0]?.answer;
const left = () =>
  answers<number>(
    "SELECT count(*)::int AS answer FROM purser.balances WHERE NOT test AND next_change_at <= clock_timestamp()",
  );
const leases = () => answers<number>("SELECT count(*)::int AS answer FROM purser.slot_leases");
/** How many balances were turned how often, and whether each time at that instant. */
const effects = (at: Date, prefix: string) =>
  bench.rows(
    `SELECT turned, punctual, count(*)::int AS balances FROM (
       SELECT count(f.version)::int AS turned, coalesce(bool_and(f.recorded_at = $1), true) AS punctual FROM purser.balances b
       LEFT JOIN purser.balance_facts f
         ON (f.tenant_id, f.subject, f.feature) = (b.tenant_id, b.subject, b.feature) AND f.kind = 'boundary'
       WHERE b.tenant_id LIKE $2 AND b.feature = 'seats' AND b.subject <> '' GROUP BY b.tenant_id, b.subject) t GROUP BY 1, 2`,
    [at, `${prefix}-%`],
  );
const turned = (times: number, balances: number) => [{ turned: times, punctual: true, balances }];

describe("A13 S001-9: each boundary has one effect", () => {
  test.each([2, 8])("with %i worker processes, and consumers at the same balances", async (processes) => {
    const prefix = `many-${processes}`;
    const workers = Array.from({ length: processes }, () => work([1, 30]));
    const consumers = await Promise.all(Array.from({ length: 6 }, () => connect(bench.database.serviceUrl)));
    await expect.poll(() => workers.every(({ said }) => said.length > 0), patient).toBe(true);
    const at = await makeDue(bench, names(prefix, 8), 24);
    const outcomes = new Set<string>();
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const hammering = consumers.map(async (client, c) => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        // Two balances of one tenant in one transaction, in the order of their keys, as a host would hold them. Half of the
        // balances are left to the workers.
        const [first, second] = [(n * 7 + c) % 12, (n * 11 + c) % 12];
        await client.query("BEGIN");
        for (const subject of [...new Set([first, second])].map((one) => `subject-${String(one + 1)}`).toSorted()) {
          const { rows } = await client.query<{ outcome: string }>(
            "SELECT outcome FROM purser.consume($1, 'seats', 0.01, $2, $3)",
            [`${prefix}-${(n % 8) + 1}`, `${c}-${n}-${subject}`, subject],
          );
          outcomes.add(rows[0]?.outcome ?? "none");
        }
        await client.query("COMMIT");
      }
    });
    await expect.poll(left, patient).toBe(0);
    stop.abort();
    await Promise.all(hammering);
    await Promise.all(consumers.map((client) => client.end()));
    for (const { process: child } of workers) child.send("stop");
    expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(workers.map(() => 0));
    expect(workers.flatMap(({ said }) => said).filter(({ trouble }) => trouble !== undefined)).toEqual([]);
    expect(workers.flatMap(({ said }) => said).some(({ done = 0 }) => done > 0)).toBe(true);
    expect([...outcomes].toSorted()).toEqual(["consumed"]);
    expect(await effects(at, prefix)).toEqual(turned(1, 192));
    expect(await leases()).toBe(0);
  });

  test("a worker killed in the middle of a batch: what it did not commit is undone, and another does it", async () => {
    const killed = work([1, 3600]);
    const { at, release } = await stuckInTheMiddle("killed", killed);
    killed.process.kill("SIGKILL");
    await killed.ended;
    expect(await effects(at, "killed")).toEqual(turned(0, 60));
    await release();
    const other = work([1, 30]);
    // The leases of the dead are still in force.
    await expect.poll(() => other.said.length, patient).toBeGreaterThan(1);
    expect(other.said.every(({ found }) => found === 0)).toBe(true);
    expect([await left(), await leases()]).toEqual([60, expect.any(Number)]);
    await bench.rows("UPDATE purser.slot_leases SET expires_at = clock_timestamp()");
    await expect.poll(left, patient).toBe(0);
    expect(await effects(at, "killed")).toEqual(turned(1, 60));
    other.process.send("stop");
    expect(await other.ended).toBe(0);
    expect(await leases()).toBe(0);
  });

  test("a worker told to stop finishes its batch, begins no other, and gives its leases back", async () => {
    const worker = work([1, 30]);
    const { release } = await stuckInTheMiddle("stopped", worker);
    worker.process.send("stop");
    await release();
    expect(await worker.ended).toBe(0);
    expect(worker.said.at(-1)).toMatchObject({ done: 20, more: true });
    expect([await left(), await leases()]).toEqual([40, 0]);
    const other = work();
    other.process.send("once");
    await expect.poll(left, patient).toBe(0);
  });

  test("a worker whose connections are cut tells so by a code and goes on", async () => {
    const worker = work([1, 30]);
    await expect.poll(() => worker.said.length, patient).toBeGreaterThan(0);
    await expect
      .poll(
        async () => {
          await bench.rows(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND usename = 'purser_test_service' AND query LIKE '%slot_leases%'`,
          );
          return worker.said.map(({ trouble }) => trouble).filter((code) => code !== undefined);
        },
        { ...patient, interval: 5 },
      )
      .toEqual(expect.arrayContaining([expect.stringMatching(/^57P01$|^ECONN|^Error$/)]));
    const troubles = worker.said.length;
    await expect.poll(() => worker.said.slice(troubles).some(({ found }) => found !== undefined), patient).toBe(true);
  });
});

/** Gives a worker 60 balances and lets it begin a batch that it cannot finish before `release`. */
async function stuckInTheMiddle(prefix: string, worker: Working): Promise<{ at: Date; release: () => Promise<void> }> {
  await expect.poll(() => worker.said.length, patient).toBeGreaterThan(0);
  const tenants = names(prefix, 3);
  await arrange(bench, tenants, 20);
  const blocker = await connect(bench.database.adminUrl);
  onTestFinished(() => blocker.end());
  await blocker.query("BEGIN");
  await blocker.query("LOCK TABLE purser.balance_facts IN SHARE MODE");
  const { rows } = await blocker.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const at = await fallDue(bench, tenants);
  const waiting = () =>
    answers<number>(
      "SELECT count(*)::int AS answer FROM pg_stat_activity WHERE $1::int = ANY (pg_blocking_pids(pid))",
      [rows[0]?.pid],
    );
  await expect.poll(waiting, patient).toBe(1);
  const release = async () => {
    await blocker.query("ROLLBACK");
  };
  return { at, release };
}

test("B04: the zone of the process and of its session change nothing", async () => {
  const zones = ["UTC", "Asia/Kolkata", "Pacific/Kiritimati"];
  const seen: Rows[][] = [];
  for (const zone of zones) {
    const worker = work([], { TZ: zone, PGTZ: zone, PGOPTIONS: `-c TimeZone=${zone}` });
    const turn = async () => {
      worker.process.send("once");
      const [answer] = await once(worker.process, "message");
      expect(answer).toMatchObject({ failures: [], more: false });
    };
    const rows: Rows[] = [];
    for (const timeZone of ["UTC", "Europe/Rome", "Pacific/Kiritimati"]) {
      const tenant = `${zone} ${timeZone}`;
      await bench.purser.createTenant({
        tenant,
        mode: "test",
        timeZone,
        clockAt: new Date("2026-01-01T00:00:00Z"),
        actor: "test",
      });
      await bench.purser.subscribe({ tenant, plan: "pro", idempotencyKey: `subscribe ${tenant}`, actor: "test" });
      await story(bench, tenant, turn);
      rows.push(await rowsOf(bench, tenant));
    }
    seen.push(rows);
  }
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
  // They would be, if nothing had happened: but the tenants' own zones do make a difference.
  expect(seen[0]?.[1]?.facts).not.toEqual(seen[0]?.[0]?.facts);
});
