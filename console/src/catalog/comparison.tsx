// What publishing would change, and whom it would touch.
import type { CatalogComparison } from "@purser/sdk";
import { Fragment } from "react";
import { number } from "../format.ts";
import { Badge, Notice } from "../parts.tsx";
import { Said } from "../said.tsx";

const sectionNames = ["tiers", "features", "capabilities", "plans", "products"] as const;
const verbs = [
  ["added", "new", "good"],
  ["removed", "gone", "bad"],
  ["changed", "changed", "care"],
] as const;

export function ComparisonView({ comparison }: { readonly comparison: CatalogComparison }) {
  const { equal, revision, sections, changes, versions, plans } = comparison;
  if (equal) {
    return (
      <Notice tone="plain" title="Nothing would change">
        Revision {revision} says this already.
      </Notice>
    );
  }
  const entries = sectionNames.flatMap((section) =>
    verbs.flatMap(([verb, word, tone]) => sections[section][verb].map((key) => ({ section, key, word, tone }))),
  );
  return (
    <section className="stack close" aria-label="What would change">
      <h3>
        Compared with revision {revision}: {number(entries.length)} {entries.length === 1 ? "entry" : "entries"}
      </h3>
      <ul className="row">
        {entries.map(({ section, key, word, tone }) => (
          <li key={`${section} ${key}`} className="row">
            <Badge tone={tone}>{word}</Badge>
            <span className="small">
              <Said text={`${section}.${key}`} mono />
            </span>
          </li>
        ))}
      </ul>
      {changes.length === 0 ? null : (
        <div className="scroll" role="region" aria-label="Every change" tabIndex={0}>
          <table className="changes small">
            <thead>
              <tr>
                <th scope="col">Where</th>
                <th scope="col">Was</th>
                <th scope="col">Will be</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ path, from, to }) => (
                <tr key={path}>
                  <th scope="row">
                    <Said text={path} mono />
                  </th>
                  <td className="was">
                    <Value value={from} />
                  </td>
                  <td className="is">
                    <Value value={to} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {versions.length === 0 ? null : (
        <p>
          New versions:{" "}
          {versions.map(({ of, key, from, to }, i) => (
            <Fragment key={`${of} ${key}`}>
              {i === 0 ? "" : ", "}
              <Said text={`${of} ${key}`} mono /> {from === 0 ? `version ${to}` : `version ${from} → ${to}`}
            </Fragment>
          ))}
          . Who holds a plan keeps the version they hold.
        </p>
      )}
      {plans === null || plans.length === 0 ? null : (
        <div className="scroll" role="region" aria-label="Whom it would touch" tabIndex={0}>
          <table className="small">
            <caption className="unseen">Tenants that hold a changed plan</caption>
            <thead>
              <tr>
                <th scope="col">If its holders were moved</th>
                <th scope="col" className="figure">
                  Holders
                </th>
                <th scope="col" className="figure">
                  Gain
                </th>
                <th scope="col" className="figure">
                  Lose
                </th>
                <th scope="col" className="figure">
                  Over the limit
                </th>
              </tr>
            </thead>
            <tbody>
              {plans.map(({ plan, holders, gain, lose, over }) => (
                <tr key={plan}>
                  <th scope="row">
                    <Said text={plan} mono />
                  </th>
                  <td className="figure">{number(holders)}</td>
                  <td className="figure">{number(gain.count)}</td>
                  <td className="figure">{number(lose.count)}</td>
                  <td className="figure">{number(over.count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Value({ value }: { readonly value: unknown }) {
  return value === undefined ? <span className="muted">nothing</span> : <Said text={JSON.stringify(value)} mono />;
}
