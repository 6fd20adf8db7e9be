import { number, quantity } from "../format.ts";
import { Badge, Card, Empty, Named } from "../parts.tsx";
import { Said, visible } from "../said.tsx";
import { Bar, inFigures, Legend } from "./bar.tsx";
import { Detail } from "./detail.tsx";
import { grantedOf, leftOf } from "./shown.ts";
import type { Behind } from "./told.ts";

export function Balances({ shown, changed }: Pick<Behind, "shown" | "changed">) {
  const { holdings, catalog } = shown;
  return (
    <Card title="Balances" aside={<Legend />} flush="bare">
      {holdings.length === 0 ? (
        <Empty title="Nothing that counts">
          The tenant has no amounts: no plan gives any, and nothing was granted.
        </Empty>
      ) : (
        holdings.map((holding) => {
          const { name = "", unit } = catalog?.features[holding.feature] ?? {};
          return (
            <One
              key={JSON.stringify([holding.feature, holding.subject])}
              shown={shown}
              holding={holding}
              name={name}
              called={visible(name || holding.feature)}
              unit={unit === undefined ? undefined : visible(unit)}
              changed={changed}
            />
          );
        })
      )}
    </Card>
  );
}

function One(behind: Behind) {
  const { holding, name, called, unit } = behind;
  const { feature, subject, balance, grants } = holding;
  const left = leftOf(holding);
  const granted = grantedOf(holding);
  const parts = { left, held: balance?.held ?? 0, granted };
  const active = grants.filter(({ burnOrder }) => burnOrder !== null);
  const asides = [
    ...(balance !== undefined && balance.held > 0 ? [`${number(balance.held)} held`] : []),
    ...(balance !== undefined && balance.overage > 0 ? [`${number(balance.overage)} overage`] : []),
    ...(balance !== undefined && balance.claimed > 0 ? [`${number(balance.claimed)} occupied`] : []),
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
      <Bar grants={active} parts={parts} label={`${called}: ${inFigures(parts)}`} />
      <Detail {...behind} />
    </article>
  );
}
