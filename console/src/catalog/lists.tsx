// What stands beside the plans: products, capabilities and tiers, each as a table.
import type { ReactNode } from "react";
import { number } from "../format.ts";
import { Card, Named } from "../parts.tsx";
import { Said } from "../said.tsx";
import { inWords } from "./matrix.tsx";
import type { Published } from "./published.ts";

export function Lists({ catalog }: { readonly catalog: Published }) {
  const { tiers, features, capabilities, plans, products } = catalog;
  const featureName = (key: string) => features[key]?.name ?? key;
  return (
    <>
      <List
        title="Products"
        columns={["Product", "Gives"]}
        rows={Object.entries(products).map(([key, { name, inclusions }]) => [
          key,
          <Named key="name" name={name} id={key} />,
          <span key="gives" className="gives">
            {Object.entries(inclusions).map(([feature, inclusion]) => (
              <Said key={feature} text={`${featureName(feature)}: ${inWords(inclusion)}`} />
            ))}
          </span>,
        ])}
      />
      <List
        title="Capabilities"
        columns={["Capability", "Takes", "Of the feature"]}
        rows={Object.entries(capabilities).map(([key, { feature, amount }]) => [
          key,
          <Said key="key" text={key} mono />,
          number(amount),
          <Named key="feature" name={featureName(feature)} id={feature} />,
        ])}
      />
      <List
        title="Tiers"
        columns={["Tier", "Rank", "Category", "Plans"]}
        rows={Object.entries(tiers)
          .toSorted(([, one], [, other]) => one.rank - other.rank)
          .map(([key, { name, rank, category }]) => [
            key,
            <Named key="name" name={name} id={key} />,
            number(rank),
            category === "" ? <span className="muted">–</span> : <Said text={category.replaceAll("_", " ")} />,
            <Said
              key="plans"
              text={Object.values(plans)
                .filter(({ tier }) => tier === key)
                .map((plan) => plan.name)
                .join(", ")}
            />,
          ])}
      />
    </>
  );
}

/** Nothing where there are none. */
function List({
  title,
  columns,
  rows,
}: {
  readonly title: string;
  readonly columns: readonly string[];
  /** Each its key, then its cells. */
  readonly rows: readonly (readonly [key: string, head: ReactNode, ...cells: readonly ReactNode[]])[];
}) {
  if (rows.length === 0) return null;
  return (
    <Card title={title} flush>
      <table className="folds" aria-label={title}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([key, head, ...cells]) => (
            <tr key={key}>
              <th scope="row">{head}</th>
              {cells.map((cell, i) => (
                <td key={columns[i + 1]} data-column={columns[i + 1]}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
