// What a monitoring system asks at /metrics, as Prometheus has it. Never a tenant, a subject or a key as a label: they are
// other people's data, and each would be a time series of its own.
import type { Backlog, Tally } from "@purser/engine";
import type { Pool } from "pg";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Answer } from "./answer.ts";
import type { OpenPurser } from "./open-purser.ts";

export interface Metrics {
  /** A request was answered. `operation` is of the route table; what has none there is counted as `none`. */
  answered(operation: string, status: number, seconds: number): void;
  /** An operation came to its outcome. */
  settled(operation: string, answer: Answer): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** From a hit in memory to the time at which a client gives up. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counters of a server's own, so that two servers in one process do not count each other's requests. */
export function createMetrics(pool: Pool, purser: OpenPurser, tallies: () => readonly Tally[]): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const requests = new Counter({
    name: "purser_http_requests_total",
    help: "Requests that were answered, by operation and status",
    labelNames: ["operation", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "purser_http_request_duration_seconds",
    help: "From the head of a request to the last byte of its answer, by operation",
    labelNames: ["operation"],
    buckets,
    registers,
  });
  const consumptions = new Counter({
    name: "purser_consumptions_total",
    help: "Calls of consume, by outcome; a replay counts as replayed",
    labelNames: ["outcome"],
    registers,
  });
  const decisions = new Counter({
    name: "purser_decisions_total",
    help: "Checks of one feature that were answered, by reason",
    labelNames: ["reason"],
    registers,
  });
  const connections = new Gauge({
    name: "purser_pool_connections",
    help: "Connections to the database, by state",
    labelNames: ["state"],
    registers,
    collect() {
      this.set({ state: "idle" }, pool.idleCount);
      this.set({ state: "in_use" }, pool.totalCount - pool.idleCount);
    },
  });
  const waiting = new Gauge({
    name: "purser_pool_waiting",
    help: "Requests that wait for a connection to the database",
    registers,
    collect() {
      this.set(pool.waitingCount);
    },
  });
  // Asked when somebody looks, so that it is told also where no worker runs or the one that should is stuck. Both are
  // collected at once, in this order; without an answer of the database they are not a number.
  let backlog: Promise<Backlog | undefined> = Promise.resolve(undefined);
  for (const gauge of [
    new Gauge({
      name: "purser_due_balances",
      help: "Balances of live tenants that time has made due and nobody has turned, counted up to 10000",
      registers,
      async collect() {
        backlog = purser.backlog().catch(() => undefined);
        this.set((await backlog)?.due ?? Number.NaN);
      },
    }),
    new Gauge({
      name: "purser_due_lag_seconds",
      help: "For how long the oldest of them has been due",
      registers,
      async collect() {
        this.set((await backlog)?.overdueSeconds ?? Number.NaN);
      },
    }),
  ]) {
    gauge.set(0);
  }
  for (const [name, help, read] of [
    ["purser_duty_ticks_total", "Turns of a duty that this process has done", (tally: Tally) => tally.ticks],
    ["purser_duty_done_total", "What of a duty this process has done: balances turned", (tally: Tally) => tally.done],
    ["purser_duty_failures_total", "Turns and single things that failed", (tally: Tally) => tally.failures],
  ] as const) {
    const counter = new Counter({
      name,
      help,
      labelNames: ["duty"],
      registers,
      collect() {
        this.reset();
        for (const tally of tallies()) this.inc({ duty: tally.duty }, read(tally));
      },
    });
    counter.reset();
  }
  connections.set({ state: "idle" }, 0);
  waiting.set(0);

  return {
    answered(operation, status, seconds) {
      requests.inc({ operation, status: String(status) });
      durations.observe({ operation }, seconds);
    },
    settled(operation, answer) {
      const body = "body" in answer ? (answer.body as Readonly<Record<string, unknown>>) : {};
      if (operation === "consume") {
        consumptions.inc({ outcome: body["replayed"] === true ? "replayed" : answer.outcome });
      }
      // The reasons are a closed list; a request cannot add one.
      if (typeof body["reason"] === "string") decisions.inc({ reason: body["reason"] });
    },
    contentType: register.contentType,
    text: () => register.metrics(),
  };
}
