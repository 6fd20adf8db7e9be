// Where throughput is measured: ten thousand tenants with credits of their own, in a database of its own, and beside them the
// same as bare tables.
import { createPurser, migrate, type Purser } from "@purser/engine";
import { exampleCatalog } from "@purser/server";
import { Pool } from "pg";
import type { Ground } from "./ground.ts";

export const TENANTS = 10_000;
export const FEATURE = "messaging.credits";

const TENANTS_WITH_CREDITS = `
  SELECT count(*)::int AS count FROM generate_series(1, $1::int) n,
    LATERAL purser.create_tenant(purser.slot_of('t-' || n), 't-' || n, '', 'live', 'UTC', 'EUR', NULL, NULL, 'bench') t,
    LATERAL purser.issue_grant('t-' || n, '${FEATURE}', 1000000000, 'g') g
  WHERE t.outcome = 'created' AND g.outcome = 'granted'`;
const BARE = `
  CREATE TABLE public.bare_balance (id int PRIMARY KEY, available bigint NOT NULL, version bigint NOT NULL DEFAULT 0)
    WITH (fillfactor = 70);
  CREATE TABLE public.bare_entry (id int NOT NULL, seq bigserial PRIMARY KEY, amount bigint NOT NULL,
    key text NOT NULL UNIQUE, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE public.bare_change (change_id uuid PRIMARY KEY, id int NOT NULL, version bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now());
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
  CREATE FUNCTION public.same_work(p_id int, p_amount bigint, p_key text) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE v_left bigint; v_version bigint;
    BEGIN
      PERFORM FROM public.bare_balance WHERE id = p_id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM public.bare_entry WHERE key = p_key) THEN RETURN NULL; END IF;
      UPDATE public.bare_balance SET available = available - p_amount, version = version + 1
        WHERE id = p_id AND available >= p_amount RETURNING available, version INTO v_left, v_version;
      IF v_left IS NOT NULL THEN
        INSERT INTO public.bare_entry (id, amount, key) VALUES (p_id, p_amount, p_key);
        INSERT INTO public.bare_change (change_id, id, version) VALUES (gen_random_uuid(), p_id, v_version);
      END IF;
      RETURN v_left;
    END $$;
  INSERT INTO public.bare_balance (id, available) SELECT n, 1000000000000 FROM generate_series(1, ${TENANTS}) n;
  GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
  GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;`;
const TAKEN = `
  SELECT (SELECT count(*) FROM purser.consumptions)::int AS facts,
         (SELECT sum(used) FROM purser.balances)::bigint::int AS used,
         (SELECT count(*) FROM purser.balances b WHERE b.version <> (
            SELECT max(f.version) FROM purser.balance_facts f WHERE f.tenant_id = b.tenant_id AND f.feature = b.feature
              AND f.subject = b.subject AND f.slot = b.slot))::int AS behind`;

export interface Field {
  readonly url: string;
  readonly admin: Pool;
  readonly purser: Purser<typeof exampleCatalog>;
  readonly pool: Pool;
  /** Takes one unit of a tenant by way of the engine, and counts it when it is answered. */
  consume(tenant: string): Promise<void>;
  /** So many more were answered, elsewhere. */
  acknowledge(more: number): void;
  /** Every consumption that was answered is there, once, in rows and balances; where not, what differs. */
  check(): Promise<string | undefined>;
}

export async function prepareField({ admin: root, urlsOf, atEnd }: Ground): Promise<Field> {
  await root.query("CREATE DATABASE bench_field");
  const { adminUrl, serviceUrl } = urlsOf("bench_field");
  await migrate({ url: adminUrl });
  const admin = new Pool({ connectionString: adminUrl, max: 2 });
  const pool = new Pool({ connectionString: serviceUrl, max: 8 });
  for (const connections of [admin, pool]) connections.on("error", () => undefined);
  atEnd(async () => {
    await Promise.all([admin.end(), pool.end()]);
  });
  const purser = createPurser({ catalog: exampleCatalog, database: pool });
  await purser.publishCatalog({ actor: "bench" });
  const { rows } = await admin.query<{ count: number }>(TENANTS_WITH_CREDITS, [TENANTS]);
  if (rows[0]?.count !== TENANTS) throw new Error("not every tenant has credits");
  await admin.query(BARE);
  await admin.query("VACUUM (ANALYZE)");
  let acknowledged = 0;
  let keys = 0;
  return {
    url: serviceUrl,
    admin,
    purser,
    pool,
    async consume(tenant) {
      keys += 1;
      const { outcome } = await purser.tryConsume(pool, { tenant, feature: FEATURE, idempotencyKey: `bench-${keys}` });
      if (outcome !== "consumed") throw new Error(outcome);
      acknowledged += 1;
    },
    acknowledge(more) {
      acknowledged += more;
    },
    async check() {
      const { rows: found } = await admin.query<{ facts: number; used: number; behind: number }>(TAKEN);
      const { facts, used, behind } = found[0] ?? {};
      return facts === acknowledged && used === acknowledged && behind === 0
        ? undefined
        : `acknowledged ${acknowledged}, rows ${facts}, taken ${used}, ${behind} balances behind their facts`;
    },
  };
}
