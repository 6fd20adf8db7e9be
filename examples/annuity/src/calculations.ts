// What an annuity is worth today. The line of the history and what it cost are one transaction; a request that comes again
// is answered from the history.
import type { ConsumeRefusal, Purser } from "@purser/engine";
import { and, eq } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { catalog } from "./catalog.ts";
import { calculations } from "./tables.ts";

export interface Annuity {
  /** Paid at the end of each year. */
  readonly payment: number;
  /** A year's interest, such as 0.05. */
  readonly rate: number;
  readonly years: number;
}

/** The present value of an ordinary annuity, to the cent. */
export function presentValue({ payment, rate, years }: Annuity): string {
  const factor = rate === 0 ? years : (1 - (1 + rate) ** -years) / rate;
  return (payment * factor).toFixed(2);
}

export async function calculate(
  purser: Purser<typeof catalog>,
  db: NodePgDatabase,
  asked: { readonly workspace: string; readonly request: string; readonly annuity: Annuity },
): Promise<{ readonly outcome: "calculated"; readonly value: string; readonly replayed: boolean } | ConsumeRefusal> {
  const { workspace, request, annuity } = asked;
  const { payment, rate, years } = annuity;
  const done = await purser.withConsumption(
    db,
    // With what was asked for, so that the same key with another question is told apart.
    { tenant: workspace, feature: "annuity.calculate", idempotencyKey: request, metadata: { payment, rate, years } },
    async (tx) => {
      const value = presentValue(annuity);
      await tx
        .insert(calculations)
        .values({ workspace, request, payment: String(payment), rate: String(rate), years, value });
      return value;
    },
  );
  if (done.outcome !== "consumed") return done;
  return { outcome: "calculated", value: done.result ?? (await remembered(db, asked)), replayed: done.replayed };
}

async function remembered(
  db: NodePgDatabase,
  { workspace, request }: { readonly workspace: string; readonly request: string },
): Promise<string> {
  const [line] = await db
    .select({ value: calculations.value })
    .from(calculations)
    .where(and(eq(calculations.workspace, workspace), eq(calculations.request, request)));
  if (line === undefined) throw new Error(`${request} was paid for and is not in the history`);
  return line.value;
}
