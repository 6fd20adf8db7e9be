// Dates from outside: written in any offset, drawn from the very boundaries, and of times that have passed.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

/** From 12 hours west to 14 hours east, with the quarters of an hour that there are. */
const offsets = Array.from({ length: 30 }, (_, n) => -720 + n * 52 + (n % 2)).map((minutes) => {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const text = [hours, rest].map((part) => String(part).padStart(2, "0")).join(":");
  return { minutes, text: `${minutes < 0 ? "-" : "+"}${text}` };
});
/** An instant, to the microsecond, as the clock on a wall of that offset shows it. */
function written(instant: Date, { minutes, text }: (typeof offsets)[number]): string {
  return `${new Date(instant.getTime() + minutes * 60_000).toISOString().slice(0, -1)}${text}`;
}

test("B05: one instant written in thirty offsets, in sessions of any zone, is one instant", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.date({ min: new Date("2026-01-01T00:00:01Z"), max: new Date("2026-06-01T00:00:00Z"), noInvalidDate: true }),
      fc.constantFrom("UTC", "Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns"),
      async (instant, zone) => {
        const tenant = await bench.testTenant("offsets");
        const client = await bench.pool.connect();
        try {
          await client.query("SELECT set_config('timezone', $1, false)", [zone]);
          const later = new Date(instant.getTime() + 3_600_000);
          for (const offset of offsets) {
            const answers = await client.query<{ answer: string }>(
              `SELECT g.outcome || ' ' || c.outcome || ' ' || h.outcome AS answer
                 FROM purser.issue_grant($1, 'credits', 100, 'g' || $4, p_expires_at => $3::timestamptz) g,
                      purser.consume($1, 'credits', 1, 'c' || $4, p_occurred_at => $2::timestamptz) c,
                      purser.reserve($1, 'credits', 1, 'h' || $4, $3::timestamptz) h`,
              [tenant, written(instant, offset), written(later, offset), instant.toISOString()],
            );
            expect(answers.rows).toEqual([{ answer: "granted consumed reserved" }]);
          }
        } finally {
          await client.query("RESET timezone");
          client.release();
        }
        // Asked thirty times, each was done once.
        const done = await bench.rows<{ done: number; dated: number }>(
          `SELECT (SELECT count(*)::int FROM purser.balance_facts f
                     WHERE f.tenant_id = $1 AND f.kind IN ('grant', 'consume', 'reserve') AND
                       (f.idempotency_key LIKE '%' || $3 OR f.reference IN (SELECT g.grant_id::text FROM purser.grants g
                                                                           WHERE g.tenant_id = $1 AND g.dedupe_key = 'g' || $3))) AS done,
                  (SELECT count(*)::int FROM purser.consumptions c
                     WHERE c.tenant_id = $1 AND c.idempotency_key = 'c' || $3 AND c.occurred_at = $2) AS dated`,
          [tenant, instant, instant.toISOString()],
        );
        expect(done).toEqual([{ done: 3, dated: 1 }]);
      },
    ),
    { numRuns: 8 },
  );
});

const edges = ["2026-02-01", "2026-02-15", "2026-03-01"].flatMap((day) => {
  const before = new Date(new Date(`${day}T00:00:00Z`).getTime() - 1000).toISOString().slice(0, -5);
  return [`${before}.999999+00`, `${day}T00:00:00.000000+00`, `${day}T00:00:00.000001+00`];
});

test("B07: what begins and ends at the very boundaries counts from its start to just before its end", async () => {
  let run = 0;
  const edge = fc.nat({ max: edges.length - 1 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ feature: fc.constantFrom("credits", "reports"), from: edge, to: edge }), {
        minLength: 2,
        maxLength: 6,
      }),
      fc.uniqueArray(edge, { minLength: 2, maxLength: 6 }),
      async (drawn, looks) => {
        run += 1;
        const tenant = await bench.testTenant(`edges-${run}`, "pro");
        const grants = drawn.filter(({ from, to }) => from < to).map((grant, n) => ({ ...grant, amount: 2 ** n }));
        for (const [n, { feature, from, to, amount }] of grants.entries()) {
          const granted = await bench.rows<{ outcome: string }>(
            `SELECT outcome FROM purser.issue_grant($1, $2, $3, $4, p_effective_at => $5::timestamptz, p_expires_at => $6::timestamptz)`,
            [tenant, feature, amount, `g${n}`, edges[from], edges[to]],
          );
          expect(granted).toEqual([{ outcome: "granted" }]);
        }
        for (const look of looks.toSorted((a, b) => a - b)) {
          await bench.rows("SELECT purser.advance_test_clock($1, $2::timestamptz)", [tenant, edges[look]]);
          for (const feature of ["credits", "reports"] as const) {
            const given = grants
              .filter((grant) => grant.feature === feature && grant.from <= look && look < grant.to)
              .reduce((sum, { amount }) => sum + amount, feature === "reports" ? 100 : 0);
            const seen = async () => (await bench.purser.balances({ tenant, feature }))[0]?.available ?? 0;
            expect([edges[look], feature, await seen()]).toEqual([edges[look], feature, given]);
            // And when it is written down, at this instant, it is the same.
            await bench.purser.refresh(bench.pool, { tenant, feature });
            expect([edges[look], feature, await seen()]).toEqual([edges[look], feature, given]);
            const more = { tenant, feature, amount: given + 1, idempotencyKey: "more than there is" } as const;
            expect((await bench.purser.tryConsume(bench.pool, more)).outcome).not.toBe("consumed");
          }
        }
        // A window was given once, whoever looked at its first instant.
        const windows = await bench.rows(
          `SELECT effective_at FROM purser.grants WHERE tenant_id = $1 AND source = 'plan' AND feature = 'reports'
           GROUP BY effective_at HAVING count(*) > 1`,
          [tenant],
        );
        expect(windows).toEqual([]);
      },
    ),
    { numRuns: 15 },
  );
});

test("B10: what is dated into the past changes no past, and counts from now as if it had no date", async () => {
  let run = 0;
  const start = Date.UTC(2026, 0, 1);
  const past = (tenant: string, instants: readonly Date[]) =>
    bench.rows(
      `SELECT t, f, e.allowed, e.reason, e.granted::float8, e.used::float8, e.held::float8, e.available::float8, e.overage::float8
       FROM unnest($2::timestamptz[]) t, unnest(ARRAY['reports', 'credits', 'exports']) f, purser.explain($1, f, p_at => t) e`,
      [tenant, instants],
    );
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          hours: fc.integer({ min: 1, max: 700 }),
          verb: fc.constantFrom("consume", "grant", "reserve and settle"),
          feature: fc.constantFrom("reports", "credits", "exports"),
          amount: fc.integer({ min: 1, max: 40 }),
          back: fc.integer({ min: 1, max: 2000 }),
        }),
        { minLength: 4, maxLength: 10 },
      ),
      async (steps) => {
        run += 1;
        const [dated, plain] = [
          await bench.testTenant(`dated-${run}`, "pro"),
          await bench.testTenant(`plain-${run}`, "pro"),
        ];
        const instants: Date[] = [];
        let now = start;
        for (const [n, { hours, verb, feature, amount, back }] of steps.entries()) {
          instants.push(new Date(now + (hours * 3_600_000) / 2));
          now += hours * 3_600_000;
          const told: unknown[] = [];
          for (const tenant of [dated, plain]) {
            await bench.purser.advanceClock({ tenant, to: new Date(now) });
            const looked = tenant === dated ? instants.slice(-3) : [];
            const before = await past(tenant, looked);
            const at = tenant === dated ? new Date(now - back * 3_600_000) : undefined;
            if (verb === "consume") {
              const input = { tenant, feature, amount, occurredAt: at, idempotencyKey: `k${n}` } as const;
              const { outcome } = await bench.purser.tryConsume(bench.pool, input);
              told.push(outcome);
            } else if (verb === "grant") {
              const input = { tenant, feature, amount, effectiveAt: at, dedupeKey: `g${n}` } as const;
              told.push(await bench.purser.issueGrant(bench.pool, input).then(({ outcome }) => outcome));
            } else {
              const input = { tenant, feature, amount, idempotencyKey: `h${n}` } as const;
              told.push(await bench.purser.reserve(bench.pool, input).then(({ outcome }) => outcome));
              const settling = { tenant, holdKey: `h${n}`, amount: amount + 1, occurredAt: at };
              told.push(await bench.purser.settle(bench.pool, settling).then(({ outcome }) => outcome));
            }
            expect(await past(tenant, looked)).toEqual(before);
          }
          expect(told.slice(0, told.length / 2)).toEqual(told.slice(told.length / 2));
          expect(
            await bench.rows("SELECT dedupe_key FROM purser.grants WHERE effective_at < issued_at AND tenant_id = $1", [
              dated,
            ]),
          ).toEqual([]);
          const left = async (tenant: string) =>
            (await bench.purser.balances({ tenant })).map((one) => [one.feature, one.available, one.used, one.overage]);
          expect(await left(dated)).toEqual(await left(plain));
        }
      },
    ),
    { numRuns: 6, endOnFailure: true },
  );
});
