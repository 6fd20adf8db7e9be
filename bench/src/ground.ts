// The database that everything is measured on: the embedded PostgreSQL with its durable settings, one tenant on the example
// catalogue, and beside it the barest thing that takes a unit from a number and writes a row.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPurser, migrate, type Purser } from "@purser/engine";
import { exampleCatalog, startEmbedded } from "@purser/server";
import { Pool } from "pg";

export interface Ground {
  readonly purser: Purser<typeof exampleCatalog>;
  /** As the service's role. */
  readonly pool: Pool;
  /** As superuser, for what is bare and for looking. */
  readonly admin: Pool;
  readonly machine: Readonly<Record<string, string>>;
  /** Counts a consumption that was answered. */
  readonly acknowledge: () => void;
  /** Acknowledged = rows = taken from the balance; where not, what differs. */
  readonly checkConsumed: () => Promise<string | undefined>;
  /** Another database of the same server: as superuser, and as the service's role. */
  readonly urlsOf: (database: string) => { readonly adminUrl: string; readonly serviceUrl: string };
  /** Something to close before the database is. */
  readonly atEnd: (close: () => Promise<void>) => void;
  close(): Promise<void>;
}

const BARE = `
  CREATE TABLE public.bare_balance (id int PRIMARY KEY, available bigint NOT NULL, version bigint NOT NULL DEFAULT 0)
    WITH (fillfactor = 70);
  CREATE TABLE public.bare_entry (id int NOT NULL, seq bigserial PRIMARY KEY, amount bigint NOT NULL,
    key text NOT NULL UNIQUE, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE public.reports (id text PRIMARY KEY);
  CREATE FUNCTION public.bare_consume(p_id int, p_amount bigint, p_key text) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE v_left bigint;
    BEGIN
      UPDATE public.bare_balance SET available = available - p_amount, version = version + 1
        WHERE id = p_id AND available >= p_amount RETURNING available INTO v_left;
      IF v_left IS NOT NULL THEN
        INSERT INTO public.bare_entry (id, amount, key) VALUES (p_id, p_amount, p_key);
      END IF;
      RETURN v_left;
    END $$;
  CREATE FUNCTION public.bare_check(p_id int) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
    BEGIN RETURN (SELECT available FROM public.bare_balance WHERE id = p_id); END $$;
  INSERT INTO public.bare_balance (id, available) VALUES (1, 1000000000);
  GRANT ALL ON public.reports, public.bare_balance, public.bare_entry, public.bare_entry_seq_seq TO PUBLIC;`;

/** `flush` is how many µs every commit waits besides. */
export async function prepareGround(flush = 0): Promise<Ground> {
  const directory = await mkdtemp(join(tmpdir(), "purser-bench-"));
  const server = await startEmbedded({ directory, environment: process.env });
  await migrate({ url: server.adminUrl });
  const admin = new Pool({ connectionString: server.adminUrl, max: 2 });
  if (flush > 0) {
    await admin.query(`ALTER SYSTEM SET commit_delay = ${flush}`);
    await admin.query("ALTER SYSTEM SET commit_siblings = 0");
    await admin.query("SELECT pg_reload_conf()");
  }
  await admin.query("CREATE ROLE purser_bench LOGIN PASSWORD 'bench' IN ROLE purser_service");
  await admin.query(BARE);
  const urlsOf = (database: string) => {
    const [administering, serving] = [new URL(server.adminUrl), new URL(server.adminUrl)];
    for (const url of [administering, serving]) url.pathname = `/${database}`;
    serving.username = "purser_bench";
    serving.password = "bench";
    return { adminUrl: administering.href, serviceUrl: serving.href };
  };
  const { serviceUrl } = urlsOf(new URL(server.adminUrl).pathname.slice(1));
  const pool = new Pool({ connectionString: serviceUrl, max: 8 });
  // A connection may still be closing when the server stops, and says so; without a listener that ends the process.
  for (const connections of [admin, pool]) connections.on("error", () => undefined);
  const purser = createPurser({ catalog: exampleCatalog, database: pool });
  await purser.publishCatalog({ actor: "bench" });
  await purser.createTenant({ tenant: "acme", actor: "bench" });
  await purser.subscribe({ tenant: "acme", plan: "enterprise", idempotencyKey: "bench", actor: "bench" });
  await purser.issueGrant(pool, { tenant: "acme", feature: "messaging.credits", amount: 1e9, dedupeKey: "bench" });
  const { rows } = await admin.query(
    `SELECT version(), current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit`,
  );
  let acknowledged = 0;
  const endings: (() => Promise<void>)[] = [];
  return {
    purser,
    pool,
    admin,
    machine: rows[0] as Record<string, string>,
    urlsOf,
    acknowledge() {
      acknowledged += 1;
    },
    async checkConsumed() {
      const { rows: found } = await admin.query<{ facts: string; taken: string }>(
        `SELECT count(*) AS facts, (SELECT (granted - available)::bigint FROM purser.balances_current b
           WHERE b.tenant_id = 'acme' AND b.feature = 'messaging.credits') AS taken
         FROM purser.consumptions WHERE tenant_id = 'acme'`,
      );
      const { facts, taken } = found[0] ?? {};
      return Number(facts) === acknowledged && Number(taken) === acknowledged
        ? undefined
        : `acknowledged ${acknowledged}, rows ${facts}, taken ${taken}`;
    },
    atEnd: (close) => endings.push(close),
    async close() {
      for (const end of endings) await end();
      await pool.end();
      await admin.end();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
