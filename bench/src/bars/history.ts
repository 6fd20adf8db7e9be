import { slotOf } from "@purser/engine";
import type { Contender, LateBar } from "../bar.ts";
import { FEATURE, type Field } from "../field.ts";

/** Grants that never end and are barely begun, one fact each; their turns are what takes time here. */
const GRANTS = `SELECT count(*)::int AS count FROM generate_series(2, $2::int) n,
  LATERAL purser.issue_grant($1::text, '${FEATURE}', 1000000000, 'g-' || n) g WHERE g.outcome = 'granted'`;
/** Consumptions of one unit each, as consume would have written them, and the balance that they leave. */
const PAST = [
  `INSERT INTO purser.balance_facts (slot, tenant_id, subject, feature, version, kind, idempotency_key, amount, overage,
      interval_no, interval_used, balance_after, recorded_at)
    SELECT b.slot, b.tenant_id, b.subject, b.feature, b.version + n, 'consume', 'past-' || n, 1, 0, b.interval_no,
           b.interval_used + n, b.granted - b.used - b.held - n, b.as_of
    FROM purser.balances b, generate_series(1, $2::bigint) n WHERE b.tenant_id = $1::text`,
  `UPDATE purser.balances SET version = version + $2::bigint, used = used + $2::bigint, interval_used = interval_used + $2::bigint
    WHERE tenant_id = $1::text`,
];

/** A consumption from a balance with a thousand open grants and so long a past, beside one with one grant and a short past. */
export function historyBar(fieldOf: () => Promise<Field>, past: number): LateBar {
  return {
    name: "history",
    async prepare() {
      const field = await fieldOf();
      const prepare = async (tenant: string, grants: number, consumptions: number): Promise<Contender> => {
        await field.admin.query(GRANTS, [tenant, grants]);
        for (const statement of PAST) await field.admin.query(statement, [tenant, consumptions]);
        field.acknowledge(consumptions);
        const slot = slotOf(tenant);
        let keys = 0;
        return {
          name: `${grants} grants, ${consumptions} past consumptions`,
          async once() {
            keys += 1;
            const { rows } = await field.pool.query({
              name: "history",
              text: `SELECT outcome FROM purser.consume_in_slot($1::int, $2::text, '${FEATURE}', 1, $3::text, '', NULL, NULL)`,
              values: [slot, tenant, `now-${keys}`],
            });
            if (rows[0].outcome !== "consumed") throw new Error(String(rows[0].outcome));
            field.acknowledge(1);
          },
        };
      };
      const ours = await prepare("t-2", 1000, past);
      const bare = await prepare("t-3", 1, 1000);
      await field.admin.query("VACUUM (ANALYZE) purser.balance_facts");
      return {
        name: "history",
        what: `${ours.name} ÷ ${bare.name}`,
        calls: 500,
        rounds: 9,
        floor: 1.5,
        aim: 1.15,
        ours,
        bare,
        check: () => field.check(),
      };
    },
  };
}
