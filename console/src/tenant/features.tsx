import type { Decision } from "@purser/sdk";
import { kinds } from "../catalog/kinds.ts";
import { number, quantity } from "../format.ts";
import { At, Badge, Card, Empty, Named } from "../parts.tsx";
import { Said } from "../said.tsx";
import type { Shown } from "./shown.ts";
import { afterTrial, reasonOf } from "./words.tsx";

/** A number of a decision: what is unlimited says so once, in the column of the limit. */
const figure = (value: number | null) => (value === null ? <span className="muted">–</span> : number(value));

export function Features({ tenant, decisions, catalog }: Shown) {
  const allowed = decisions.filter((one) => one.allowed).length;
  return (
    <Card
      title="Features"
      aside={
        <span className="muted small number">
          {allowed} of {decisions.length} allowed
        </span>
      }
      flush
    >
      {decisions.length === 0 ? (
        <Empty title="The catalogue has no features">Publish one, and what each tenant may use stands here.</Empty>
      ) : (
        <table className="features folds">
          <thead>
            <tr>
              <th scope="col">Feature</th>
              <th scope="col">Decision</th>
              <th scope="col">Why</th>
              <th scope="col" className="figure">
                Limit or value
              </th>
              <th scope="col" className="figure">
                Used
              </th>
              <th scope="col" className="figure">
                Remaining
              </th>
            </tr>
          </thead>
          {kinds.map(([kind, title]) => {
            const rows = decisions.filter((one) => one.kind === kind);
            return rows.length === 0 ? null : (
              <tbody key={kind}>
                <tr className="kind">
                  <th scope="rowgroup" colSpan={6}>
                    {title}
                  </th>
                </tr>
                {rows.map((decision) => (
                  <Row key={decision.feature} decision={decision} tenant={tenant} catalog={catalog} />
                ))}
              </tbody>
            );
          })}
        </table>
      )}
    </Card>
  );
}

function inUnit(value: unknown, unit: string | undefined): string {
  if (typeof value === "number") return quantity(value, unit);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Row({ decision, tenant, catalog }: Pick<Shown, "tenant" | "catalog"> & { readonly decision: Decision }) {
  const nameOf = (key: string) => catalog?.plans[key]?.name ?? catalog?.products[key]?.name ?? key;
  const tierName = (key: string) => catalog?.tiers[key]?.name ?? key;
  const { name = "", unit } = catalog?.features[decision.feature] ?? {};
  const { feature, kind, value, limit, used, remaining, unlimited, resetsAt } = decision;
  const { subscription } = tenant;
  const trialEnd = subscription?.status === "trialing" ? subscription.until : null;
  const endsTrial = trialEnd !== null && (resetsAt === null || trialEnd <= resetsAt);
  const until = endsTrial ? trialEnd : resetsAt;
  const counts = kind === "capacity" || kind === "metered" || kind === "credits";
  return (
    <tr>
      <th scope="row">
        <Named name={name} id={feature} />
      </th>
      <td data-column="Decision">
        <Verdict allowed={decision.allowed} />
      </td>
      <td data-column="Why">
        <span className="named">
          <Said text={reasonOf(decision, tierName)} />
          <Unlocks decision={decision} nameOf={nameOf} />
          {counts && until !== null ? (
            <span className="muted small">
              {endsTrial ? "trial ends" : "stands until"}{" "}
              <At instant={until} zone={tenant.timeZone} from={tenant.asOf} />
              {endsTrial ? afterTrial(tenant, catalog) : null}
            </span>
          ) : null}
        </span>
      </td>
      <td
        data-column={kind === "value" ? "Value" : "Limit"}
        data-empty={!counts && kind !== "value" ? "" : undefined}
        className="figure"
      >
        {kind === "value" && decision.allowed ? (
          <Said text={inUnit(value, unit)} />
        ) : unlimited ? (
          "unlimited"
        ) : (
          counts && figure(limit)
        )}
      </td>
      <td data-column="Used" data-empty={counts ? undefined : ""} className="figure">
        {counts ? figure(used) : null}
      </td>
      <td data-column="Remaining" data-empty={counts ? undefined : ""} className="figure">
        {counts ? figure(remaining) : null}
      </td>
    </tr>
  );
}

export function Verdict({ allowed }: { readonly allowed: boolean }) {
  return <Badge tone={allowed ? "good" : "bad"}>{allowed ? "✓ allowed" : "✕ denied"}</Badge>;
}

/** The plans and products that would allow what was denied. */
export function Unlocks({
  decision,
  nameOf,
}: {
  readonly decision: Decision;
  readonly nameOf: (key: string) => string;
}) {
  if (decision.allowed || decision.unlockedBy.length === 0) return null;
  return (
    <span className="muted small">
      unlocked by <Said text={decision.unlockedBy.map(nameOf).join(", ")} />
    </span>
  );
}
