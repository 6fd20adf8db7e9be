import type { ExplainedFact, ExplainedGrant, ExplainedHold, Explanation } from "@purser/engine";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { withPurser } from "./with-purser.ts";

export interface ExplainOptions {
  readonly directory: string;
  readonly tenant: string | undefined;
  readonly feature: string | undefined;
  readonly subject: string | undefined;
  readonly at: string | undefined;
  /** For machines: the whole explanation, alone on standard output. */
  readonly json: boolean;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/;
/** How many facts a person is shown. */
const FACTS = 20;

/** `purser explain`: why a balance is what it is, now or at an instant. Ends with 0 also where the answer is no. */
export async function explain(surroundings: Surroundings, options: ExplainOptions): Promise<Exit> {
  const { directory, tenant, feature, subject, at, json } = options;
  if (tenant === undefined || feature === undefined) {
    throw new CommandFailed(exit.usage, "explain needs a tenant and a feature.");
  }
  const instant = at === undefined ? undefined : new Date(at);
  if (at !== undefined && (!INSTANT.test(at) || Number.isNaN(instant?.getTime()))) {
    throw new CommandFailed(exit.usage, "--at is a time with an offset, such as 2031-05-01T00:00:00Z.");
  }
  return withPurser(surroundings, directory, async (purser) => {
    const told = await purser.explain({ tenant, feature, subject, at: instant, count: json ? 1000 : FACTS });
    if (told.outcome === "invalid_input") throw new CommandFailed(exit.usage, `The ${told.field} cannot be that.`);
    if (told.reason === "TENANT_UNKNOWN" && (await purser.findTenant({ tenant })) === undefined) {
      throw new CommandFailed(exit.failed, `There is no tenant "${tenant}".`);
    }
    if (json) surroundings.print(JSON.stringify(told, undefined, 2));
    else for (const line of explained(told)) surroundings.print(line);
    return exit.done;
  });
}

const time = (instant: Date) => instant.toISOString().replace(/\.000Z$/, "Z");
const number = (value: number | null) => (value === null ? "unlimited" : String(value));

function explained(told: Explanation): string[] {
  const of = told.subject === "" ? told.feature : `${told.feature} of ${told.subject}`;
  const period =
    told.validUntil === null
      ? ""
      : `, until ${time(told.validUntil)}${told.source === null ? "" : ` (${told.source})`}`;
  const lines = [`${of} at ${time(told.at)}: ${told.allowed ? "allowed" : "denied"}, ${told.reason}${period}`];
  if (told.plan !== null) lines.push(`plan ${told.plan}, version ${told.planVersion}`);
  if (told.restrictedBy !== null) lines.push(`restricted: ${told.restrictedBy}`);
  if (told.used === null) return lines;
  if (told.windowStartsAt !== null || told.windowEndsAt !== null) {
    const from = told.windowStartsAt === null ? "the beginning" : time(told.windowStartsAt);
    lines.push(`window from ${from} to ${told.windowEndsAt === null ? "no end" : time(told.windowEndsAt)}`);
  }
  lines.push("", sum(told));
  if (told.overage !== null && told.overage > 0)
    lines.push(`${told.overage} were allowed beyond that since the window began`);
  if (told.overLimit !== null && told.overLimit > 0) lines.push(`over the limit by ${told.overLimit}`);
  return [
    ...lines,
    ...section("grants", told.grants.map(grantLine)),
    ...section("holds", told.holds.map(holdLine)),
    ...section(
      "claims, newest first",
      told.claims.map(
        (claim) => `${claim.resource} since ${time(claim.claimedAt)}${claim.beyondLimit ? ", beyond the limit" : ""}`,
      ),
    ),
    ...section("since the window began, newest first", told.facts.map(factLine)),
    ...(told.nextBefore === null ? [] : ["  … --json has more of them"]),
  ];
}

const section = (heading: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : ["", heading, ...lines.map((line) => `  ${line}`)];

function sum({ kind, unlimited, granted, used, held, available, claimed, reported }: Explanation): string {
  if (kind === "capacity") {
    const occupied = `${claimed} ${reported ? "reported" : "claimed"}`;
    return unlimited ? `${occupied}, unlimited` : `${granted} granted − ${occupied} = ${available} free`;
  }
  if (unlimited) return `${used} used, ${held} held, unlimited`;
  return `${granted} granted − ${used} used − ${held} held = ${available} available`;
}

function grantLine(grant: ExplainedGrant): string {
  const what = `${grant.status.replace("_", " ").padEnd(8)} ${grant.source}`;
  const how = grant.unlimited ? `unlimited, ${grant.used} used` : `${grant.used} of ${number(grant.amount)} used`;
  const held = grant.held > 0 ? `, ${grant.held} held` : "";
  const left = grant.endedAt === null && grant.remaining !== null ? `, ${grant.remaining} left` : "";
  const from = grant.status === "not_yet" ? ` from ${time(grant.effectiveAt)}` : "";
  const until = grant.expiresAt === null ? "" : ` until ${time(grant.expiresAt)}`;
  const why = grant.endedBy === null ? "" : ` by ${grant.endedBy}${grant.reason === null ? "" : ` (${grant.reason})`}`;
  const life = grant.endedAt === null ? `${from}${until}` : `, ended ${time(grant.endedAt)}${why}`;
  return `${what}: ${how}${held}${left}${life} [${grant.dedupeKey}]`;
}

function holdLine(hold: ExplainedHold): string {
  const end = hold.endedAt === null ? `until ${time(hold.expiresAt)}` : `ended ${time(hold.endedAt)}`;
  const settled = hold.settled === null ? "" : `, ${hold.settled} settled${hold.late ? " late" : ""}`;
  return `${hold.status.padEnd(8)} ${hold.holdKey}: ${hold.amount}${settled}, ${end}`;
}

function factLine(fact: ExplainedFact): string {
  const name = fact.key ?? fact.reference;
  const paid = fact.lineage.map(
    ({ amount, source, provisional }) => `${amount} ${source}${provisional ? " (so far)" : ""}`,
  );
  const overage = fact.overage > 0 ? [`${fact.overage} beyond`] : [];
  const parts = [...paid, ...overage];
  return [
    time(fact.recordedAt),
    `${fact.kind}${fact.amount > 0 ? ` ${fact.amount}` : ""}${name === null ? "" : ` [${name}]`}${fact.reason === null ? "" : ` (${fact.reason})`}`,
    ...(parts.length === 0 ? [] : [`paid by ${parts.join(", ")}`]),
    `${number(fact.balanceAfter)} left`,
  ].join("  ");
}
