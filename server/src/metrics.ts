// What a monitoring system asks at /metrics, as Prometheus has it. Never a tenant, a subject or a key as a label: they are
// other people's data, and each would be a time series of its own.
import type { Pool } from "pg";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Answer } from "./answer.ts";

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
export function createMetrics(pool: Pool): Metrics {
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
