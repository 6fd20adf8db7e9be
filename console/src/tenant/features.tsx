import type { Decision } from "@purser/sdk";
import { number } from "../format.ts";
import { At, Badge, Card, Empty, Named } from "../parts.tsx";
import { Said } from "../said.tsx";
import type { Shown } from "./shown.ts";
import { reasonOf } from "./words.tsx";

/** What counts first; inside a kind in the order of the keys, as it came. */
const kinds = ["credits", "metered", "capacity", "value", "flag"];
const byKind = (one: Decision, other: Decision) => kinds.indexOf(one.kind ?? "") - kinds.indexOf(other.kind ?? "");

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
                Limit
              </th>
              <th scope="col" className="figure">
                Used
              </th>
              <th scope="col" className="figure">
                Remaining
              </th>
            </tr>
          </thead>
          <tbody>
            {decisions.toSorted(byKind).map((decision) => (
              <Row
                key={decision.feature}
                decision={decision}
                name={catalog?.features[decision.feature]?.name ?? ""}
                nameOf={(key) => catalog?.plans[key]?.name ?? catalog?.products[key]?.name ?? key}
                tierName={(key) => catalog?.tiers[key]?.name ?? key}
                zone={tenant.timeZone}
                now={tenant.asOf}
              />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function Row({
  decision,
  name,
  nameOf,
  tierName,
  zone,
  now,
}: {
  readonly decision: Decision;
  readonly name: string;
  readonly nameOf: (plan: string) => string;
  readonly tierName: (tier: string) => string;
  readonly zone: string;
  readonly now: string;
}) {
  const { feature, kind, value, limit, used, remaining, unlimited, resetsAt } = decision;
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
          {counts && resetsAt !== null ? (
            <span className="muted small">
              stands until <At instant={resetsAt} zone={zone} from={now} />
            </span>
          ) : null}
        </span>
      </td>
      <td data-column="Limit" data-empty={!counts && kind !== "value" ? "" : undefined} className="figure">
        {kind === "value" && decision.allowed ? (
          <Said text={typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value)} />
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
