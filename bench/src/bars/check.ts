import type { Bar, Contender } from "../bar.ts";
import type { Ground } from "../ground.ts";

/** One caller's latency of a check through each door, beside reading one number by key in one prepared plpgsql call. */
export function checkBars({ purser, pool }: Ground): Bar[] {
  let wrong = 0;
  const bare: Contender = {
    name: "one number by key in one prepared plpgsql call",
    async once() {
      await pool.query({ name: "bare_check", text: "SELECT public.bare_check(1)", values: [] });
    },
  };
  const bar = (name: string, what: string, once: () => Promise<boolean>): Bar => ({
    name,
    what,
    bare,
    ours: {
      name,
      async once() {
        if (!(await once())) wrong += 1;
      },
    },
    calls: 300,
    rounds: 7,
    check: () => Promise.resolve(wrong === 0 ? undefined : `${wrong} checks answered something else`),
  });
  return [
    bar("check.sql", "purser.check_entitlement, prepared", async () => {
      const { rows } = await pool.query({
        name: "check",
        text: "SELECT allowed FROM purser.check_entitlement($1::text, $2::text)",
        values: ["acme", "messaging.credits"],
      });
      return rows[0].allowed === true;
    }),
    bar("check.typescript", "purser.check({ … })", async () => {
      const decision = await purser.check({ tenant: "acme", feature: "messaging.credits" });
      return "allowed" in decision && decision.allowed;
    }),
  ];
}
