// A comparison of catalogues, in lines for people.
import type { CatalogProblem, CompareOutcome, PlanEffect, TenantCount } from "@purser/engine";

type Compared = Extract<CompareOutcome, { outcome: "compared" }>;

/** What publishing would change, by section, then whom it would touch. */
export function diffLines({ diff, plans, revision }: Compared): string[] {
  const lines: string[] = [];
  const { removed: offSale } = diff.sections.plans;
  for (const [section, { added, removed, changed }] of Object.entries(diff.sections)) {
    if (added.length + removed.length + changed.length === 0) continue;
    lines.push(section);
    for (const key of added) lines.push(`  + ${key}`);
    for (const key of removed) {
      const holders = section === "plans" ? plans.find(({ plan }) => plan === key)?.holders : undefined;
      lines.push(`  - ${key}${afterRemoval(section, holders)}`);
    }
    for (const key of changed) {
      lines.push(`  ~ ${key}`);
      const within = `${section}.${key}.`;
      for (const { path, from, to } of diff.changes) {
        if (path.startsWith(within)) lines.push(`      ${path.slice(within.length)}: ${shown(from)} → ${shown(to)}`);
      }
    }
  }
  if (diff.versions.length > 0) {
    lines.push("new versions");
    for (const { of, key, from, to } of diff.versions) {
      lines.push(`  ${of} ${key}: ${from === 0 ? `version ${to}` : `${from} → ${to}`}`);
    }
  }
  const moved = plans.filter(({ plan }) => !offSale.includes(plan));
  if (moved.length > 0) {
    lines.push("tenants, if they were moved to the new terms (publishing alone moves nobody)");
    for (const plan of moved) lines.push(...effectLines(plan));
  }
  return lines.length === 0 ? [`No difference: revision ${revision} says the same.`] : lines;
}

/** What becomes of what is no longer named. Nobody holds a tier or a capability. */
function afterRemoval(section: string, holders: number | undefined): string {
  if (section === "tiers" || section === "capabilities") return "";
  if (holders === 0) return "   (off sale; no tenant holds it)";
  const many = holders === undefined ? "" : `: ${holders} ${holders === 1 ? "tenant" : "tenants"}`;
  return `   (off sale; who holds it keeps it${many})`;
}

function effectLines({ plan, holders, gain, lose, over, versions }: PlanEffect): string[] {
  const lines = [`  ${plan}: ${holders} hold it; ${gain.count} gain, ${lose.count} lose, ${over.count} over the limit`];
  for (const { version, gains, loses, changes } of versions) {
    const parts = [
      ...gains.map((feature) => `+${feature}`),
      ...loses.map((feature) => `-${feature}`),
      ...changes.map((feature) => `~${feature}`),
    ];
    if (parts.length > 0) lines.push(`      version ${version}: ${some(parts)}`);
  }
  const named = (word: string, { count, tenants }: TenantCount) =>
    count === 0 ? [] : [`      ${word}: ${tenants.join(", ")}${count > tenants.length ? ", …" : ""}`];
  lines.push(...named("gain", gain), ...named("lose", lose));
  for (const { tenant, feature, subject, uses, limit } of over.cases) {
    const who = subject === "" ? tenant : `${tenant} (${subject})`;
    lines.push(`      over: ${who} uses ${uses} of ${feature} and would have ${limit}`);
  }
  return lines;
}

const MOST = 12;
const some = (parts: readonly string[]) =>
  parts.length > MOST ? `${parts.slice(0, MOST).join(" ")} and ${parts.length - MOST} more` : parts.join(" ");

/** A value on one line; nothing where there is none. */
function shown(value: unknown): string {
  return value === undefined ? "(nothing)" : JSON.stringify(value);
}

/** One line a problem, with its place. */
export function problemLines(problems: readonly (CatalogProblem & { readonly row?: string })[]): string {
  return problems
    .map(
      ({ path, row, problem }) =>
        `  ${path === "" ? "(all of it)" : path}: ${problem}${row === undefined ? "" : `   [${row}]`}`,
    )
    .join("\n");
}
