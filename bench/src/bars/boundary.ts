import { createPurser, migrate, workOnce } from "@purser/engine";
import { exampleCatalog } from "@purser/server";
import { Pool } from "pg";
import type { Contender, LateBar } from "../bar.ts";
import type { Ground } from "../ground.ts";

const DUE = 100;
const CALLS = 3;
const ROUNDS = 5;
/** A round more for the warm-up. */
const TICKS = CALLS * (ROUNDS + 1);

/** Balances of live tenants, made at one stroke, that are due some day within a year. */
const CROWD = `
  INSERT INTO purser.tenants (slot, tenant_id, mode, time_zone, currency, version, created_at)
    SELECT purser.slot_of('crowd-' || n), 'crowd-' || n, 'live', 'UTC', 'EUR', 1, now() FROM generate_series(1, 1000) n;
  INSERT INTO purser.balances (slot, tenant_id, subject, feature, kind, enforcement, per, unlimited, granted, used, held,
      overage, claimed, interval_no, interval_used, version, as_of, next_change_at, test)
    SELECT slot, tenant_id, 'subject-' || n, 'messaging.credits', 'credits', 'hard', 'subject', false, 0, 0, 0, 0, 0, 0, 0, 0,
           now(), now() + interval '1 day' + random() * interval '365 days', false
      FROM purser.tenants, generate_series(1, $1::int / 1000) n WHERE tenant_id LIKE 'crowd-%';`;
/** Tenants with one grant each, to be ended a hundred at a time. */
const ENDING = `
  SELECT count(*)::int AS count FROM generate_series(1, $1::int) n,
    LATERAL purser.create_tenant(purser.slot_of('ending-' || n), 'ending-' || n, '', 'live', 'UTC', 'EUR', NULL, NULL, 'bench') t,
    LATERAL purser.issue_grant('ending-' || n, 'messaging.credits', 5, 'g', p_expires_at => '2222-02-02') g
  WHERE t.outcome = 'created' AND g.outcome = 'granted'`;
const END = [
  "UPDATE purser.grants SET expires_at = $2 WHERE tenant_id = ANY ($1)",
  "UPDATE purser.open_grants SET expires_at = $2 WHERE tenant_id = ANY ($1)",
  "UPDATE purser.balances SET next_change_at = $2 WHERE tenant_id = ANY ($1)",
];
const TURNED = "SELECT count(*)::int AS count FROM purser.balance_facts WHERE kind = 'boundary'";
const BROKEN = "SELECT count(*)::int AS count FROM unnest($1::text[]) tenant, purser.verify(tenant)";

interface House extends Contender {
  check(): Promise<string | undefined>;
}

/** A tick with a hundred due among a million balances, beside the same among a thousand: it costs what is due. */
export function boundaryBar(ground: Ground): LateBar {
  return {
    name: "boundary",
    async prepare() {
      const ours = await prepareHouse(ground, "bench_many", 1_000_000);
      const bare = await prepareHouse(ground, "bench_few", 1000);
      return {
        name: "boundary",
        what: `a tick with ${DUE} due among 1,000,000 balances, beside the same among 1,000`,
        calls: CALLS,
        rounds: ROUNDS,
        ours,
        bare,
        check: async () => (await ours.check()) ?? (await bare.check()),
      };
    },
  };
}

async function prepareHouse({ admin, urlsOf, atEnd }: Ground, name: string, balances: number): Promise<House> {
  await admin.query(`CREATE DATABASE ${name}`);
  const { adminUrl, serviceUrl } = urlsOf(name);
  await migrate({ url: adminUrl });
  const looking = new Pool({ connectionString: adminUrl, max: 1 });
  const database = new Pool({ connectionString: serviceUrl, max: 2 });
  for (const pool of [looking, database]) pool.on("error", () => undefined);
  atEnd(async () => {
    await Promise.all([looking.end(), database.end()]);
  });
  const count = async (question: string, values: unknown[] = []) =>
    Number((await looking.query<{ count: number }>(question, values)).rows[0]?.count);
  await createPurser({ catalog: exampleCatalog, database }).publishCatalog({ actor: "bench" });
  await looking.query(CROWD.replace("$1::int", String(balances)));
  if ((await count(ENDING, [TICKS * DUE])) !== TICKS * DUE) throw new Error("not everything was granted");
  await looking.query("VACUUM (ANALYZE)");

  let ticks = 0;
  const tenants = () => Array.from({ length: DUE }, (_, n) => `ending-${(ticks - 1) * DUE + n + 1}`);
  return {
    name,
    async arrange() {
      ticks += 1;
      const at = new Date();
      for (const end of END) await looking.query(end, [tenants(), at]);
    },
    async once() {
      const [ticked] = await workOnce({ database });
      if (ticked?.done !== DUE) throw new Error(`${ticked?.done} of ${DUE} turned`);
    },
    async check() {
      const [turned, broken] = [await count(TURNED), await count(BROKEN, [tenants()])];
      return turned === ticks * DUE && broken === 0
        ? undefined
        : `${name}: ${ticks * DUE} were due, ${turned} were turned, ${broken} are broken`;
    },
  };
}
