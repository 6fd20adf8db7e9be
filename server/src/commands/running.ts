// A server from its pool to its end: what `dev` and `serve` share.
import { type DatabaseFacts, inspectDatabase, startWorker, type Worker } from "@purser/engine";
import type { FastifyBaseLogger } from "fastify";
import { Pool } from "pg";
import type { ConsoleOptions } from "../console/index.ts";
import type { OpenPurser } from "../open-purser.ts";
import { judge } from "../self-check.ts";
import { createServer } from "../serve.ts";
import type { Settings } from "../settings.ts";
import { CommandFailed, exit, type Surroundings } from "./command.ts";

const PORTS_TRIED = 20;
/** What is in flight when the server is told to stop has this long to finish. */
const PATIENCE_MS = 10_000;

/** A pool for serving. An idle connection that breaks is replaced by the pool and nobody's concern. */
export function openPool(connectionString: string, settings: Settings): Pool {
  const pool = new Pool({
    connectionString,
    max: settings.poolSize,
    connectionTimeoutMillis: 5000,
    application_name: "purser",
  });
  pool.on("error", () => undefined);
  return pool;
}

/** What the self-check found, or undefined where it refuses: told either way. */
export async function checkedFacts(pool: Pool, { settings, warn }: Surroundings): Promise<DatabaseFacts | undefined> {
  const facts = await inspectDatabase(pool);
  const { refusals, warnings } = judge(facts, settings.allowPrivilegedRole);
  for (const line of warnings) warn(`warning: ${line}`);
  for (const line of refusals) warn(`refused: ${line}`);
  return refusals.length > 0 ? undefined : facts;
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);

export interface ServeOptions extends ConsoleOptions {
  readonly port: number;
  /** Where the port is taken, the next free one. */
  readonly orNext: boolean;
  /** Unless a setting says otherwise, as is the next one. */
  readonly logLevel: "info" | "warn";
  readonly metrics: "on loopback" | "off";
  /** Whether a worker runs in this process. */
  readonly worker: boolean;
}

export interface Listening {
  /** The address as a client writes it. */
  readonly url: string;
  readonly port: number;
  /** Stops accepting and working, finishes what is in flight, ends the pool. */
  close(): Promise<void>;
}

/** Serves on a port; where that is taken and `orNext` is set, on the next free one. */
export async function serveOn(
  pool: Pool,
  purser: OpenPurser,
  { settings, warn }: Surroundings,
  { port, orNext, logLevel, metrics, signIn, worker: working }: ServeOptions,
): Promise<Listening> {
  let worker: Worker | undefined;
  for (let offset = 0; ; offset += 1) {
    const app = createServer({
      purser,
      database: pool,
      logLevel: settings.logLevel ?? logLevel,
      metrics: settings.metrics ?? (metrics === "on loopback" && loopback.has(settings.host)),
      signIn,
      tallies: () => worker?.tally() ?? [],
    });
    try {
      await app.listen({ host: settings.host, port: port === 0 ? 0 : port + offset });
      const address = app.server.address();
      const listening = typeof address === "object" && address !== null ? address.port : port;
      if (working) worker = workOn(pool, settings, app.log);
      const close = async () => {
        const late = setTimeout(() => app.server.closeAllConnections(), PATIENCE_MS);
        await Promise.all([app.close().finally(() => clearTimeout(late)), worker?.stop()]);
        await purser.close();
        await pool.end();
      };
      return { url: `http://${hostOf(settings.host)}:${listening}`, port: listening, close };
    } catch (error) {
      await app.close();
      const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      if (!taken) throw error;
      if (!orNext || offset === PORTS_TRIED || port + offset >= 65_535) {
        throw new CommandFailed(exit.failed, `Port ${port + offset} on ${settings.host} is taken. Choose another one.`);
      }
      warn(`Port ${port + offset} is taken; trying ${port + offset + 1}.`);
    }
  }
}

/** A worker that tells the log what it did, where it did something, and what failed. */
function workOn(pool: Pool, settings: Settings, log: FastifyBaseLogger): Worker {
  return startWorker({
    database: pool,
    everySeconds: settings.tickSeconds,
    onTick(duty, { failures, found, done, overdueSeconds }) {
      if (found > 0) log.info({ duty, found, done, overdueSeconds }, "tick");
      if (failures.length > 0)
        log.error({ duty, codes: [...new Set(failures)], times: failures.length }, "a duty failed");
    },
    onTrouble: (duty, code) => log.error({ duty, codes: [code] }, "a duty failed"),
  });
}

const hostOf = (host: string) => (host.includes(":") ? `[${host}]` : host);

/** Resolves when the process is asked to stop, at once where it was asked already. */
export function askedToStop(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
}
