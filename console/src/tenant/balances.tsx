import type { OpenGrant } from "@purser/sdk";
import { number, quantity } from "../format.ts";
import { At, Badge, Card, Empty, Named } from "../parts.tsx";
import { Said } from "../said.tsx";
import { Bar, inFigures, Legend } from "./bar.tsx";
import { grantedOf, type Holding, leftOf, type Shown } from "./shown.ts";
import { sourceWords } from "./words.tsx";

export function Balances({ tenant, holdings, catalog }: Shown) {
  return (
    <Card title="Balances" aside={<Legend />} flush="bare">
      {holdings.length === 0 ? (
        <Empty title="Nothing that counts">
          The tenant has no amounts: no plan gives any, and nothing was granted.
        </Empty>
      ) : (
        holdings.map((holding) => (
          <One
            key={JSON.stringify([holding.feature, holding.subject])}
            holding={holding}
            name={catalog?.features[holding.feature]?.name ?? ""}
            unit={catalog?.features[holding.feature]?.unit}
            zone={tenant.timeZone}
            now={tenant.asOf}
          />
        ))
      )}
    </Card>
  );
}

function One({
  holding,
  name,
  unit,
  zone,
  now,
}: {
  readonly holding: Holding;
  readonly name: string;
  readonly unit: string | undefined;
  readonly zone: string;
  readonly now: string;
}) {
  const { feature, subject, balance, grants } = holding;
  const left = leftOf(holding);
  const granted = grantedOf(holding);
  const parts = { left, held: balance?.held ?? 0, granted };
  const active = grants.filter(({ burnOrder }) => burnOrder !== null);
  const waiting = active.filter(({ remaining }) => remaining !== 0);
  const asides = [
    ...(balance !== undefined && balance.held > 0 ? [`${number(balance.held)} held`] : []),
    ...(balance !== undefined && balance.overage > 0 ? [`${number(balance.overage)} overage`] : []),
    ...(balance !== undefined && balance.claimed > 0 ? [`${number(balance.claimed)} claimed`] : []),
  ];
  return (
    <article className="balance">
      <header>
        <div>
          <h3>
            <Named name={name} id={feature} />
          </h3>
          {subject === "" ? null : (
            <span className="muted small">
              of <Said text={subject} mono />
            </span>
          )}
        </div>
        <div className="left number">
          <strong>{left === null ? "Unlimited" : number(left)}</strong>{" "}
          <span className="muted">{left === null ? "" : `of ${quantity(granted, unit)} left`}</span>
          {asides.length === 0 ? null : <div className="muted small">{asides.join(" · ")}</div>}
          {balance?.enforcement === undefined || balance.enforcement === "hard" ? null : (
            <div>
              <Badge tone="care">{balance.enforcement}</Badge>
            </div>
          )}
        </div>
      </header>
      <Bar grants={active} parts={parts} label={`${name || feature}: ${inFigures(parts)}`} />
      {grants.length === 0 ? (
        <p className="muted small">No grant counts now.</p>
      ) : (
        <table className="grants folds small">
          <caption className="unseen">The grants of {name || feature} in the order in which they are drawn</caption>
          <thead>
            <tr>
              <th scope="col">Drawn</th>
              <th scope="col">Source</th>
              <th scope="col" className="figure">
                Amount
              </th>
              <th scope="col" className="figure">
                Used
              </th>
              <th scope="col" className="figure">
                Remaining
              </th>
              <th scope="col">From</th>
              <th scope="col">Until</th>
              <th scope="col" className="figure">
                Priority
              </th>
            </tr>
          </thead>
          <tbody>
            {grants.map((grant) => (
              <Grant key={grant.grantId} grant={grant} place={waiting.indexOf(grant)} zone={zone} now={now} />
            ))}
          </tbody>
        </table>
      )}
    </article>
  );
}

const ordinals = new Intl.PluralRules("en-GB", { type: "ordinal" });
const endings: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = { one: "st", two: "nd", few: "rd" };
/** When a grant is drawn: `place` counts those before it that have something left. */
const turnOf = (place: number) => (place === 0 ? "next" : `${place + 1}${endings[ordinals.select(place + 1)] ?? "th"}`);

function Grant({
  grant,
  place,
  zone,
  now,
}: {
  readonly grant: OpenGrant;
  readonly place: number;
  readonly zone: string;
  readonly now: string;
}) {
  const { burnOrder, source, amount, used, remaining, effectiveAt, expiresAt, priority, dedupeKey, metadata } = grant;
  const product = metadata["product"];
  const ofWindow = dedupeKey.startsWith("allowance:");
  return (
    <tr>
      <td data-column="Drawn">
        {burnOrder === null ? <Badge>later</Badge> : place < 0 ? <Badge>used up</Badge> : turnOf(place)}
      </td>
      <td data-column="Source">
        <span className="named">
          {sourceWords[source]}
          {ofWindow ? null : (
            <span className="muted">
              <Said text={typeof product === "string" ? product : dedupeKey} mono />
            </span>
          )}
        </span>
      </td>
      <td data-column="Amount" className="figure">
        {amount === null ? "unlimited" : number(amount)}
      </td>
      <td data-column="Used" className="figure">
        {number(used)}
      </td>
      <td data-column="Remaining" className="figure">
        {remaining === null ? <span className="muted">–</span> : number(remaining)}
      </td>
      <td data-column="From">
        <At instant={effectiveAt} zone={zone} />
      </td>
      <td data-column="Until">
        {expiresAt === null ? <span className="muted">never</span> : <At instant={expiresAt} zone={zone} from={now} />}
      </td>
      <td data-column="Priority" className="figure">
        {number(priority)}
      </td>
    </tr>
  );
}
