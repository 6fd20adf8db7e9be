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
  const { equal, revision, sections, changes, versions, plans, nextCursor } = comparison;
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
  const moved = (plans ?? []).filter(({ plan }) => !sections.plans.removed.includes(plan));
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
              {word === "gone" ? (
                <span className="muted">
                  {afterRemoval(section, plans?.find(({ plan }) => plan === key)?.holders, nextCursor === null)}
                </span>
              ) : null}
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
      {moved.length === 0 ? null : (
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
              {moved.map(({ plan, holders, gain, lose, over }) => (
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

/**
 * What becomes of what is no longer named. Nobody holds a tier or a capability. Where not all holders were looked at, they
 * are at least so many.
 */
function afterRemoval(section: (typeof sectionNames)[number], holders: number | undefined, all: boolean): string {
  if (section === "tiers" || section === "capabilities") return "";
  if (section !== "plans" || holders === undefined) return ": off sale; who holds it keeps it";
  if (holders === 0 && all) return ": off sale; no tenant holds it";
  const many = `${all ? "" : "at least "}${number(holders)} ${holders === 1 ? "tenant" : "tenants"}`;
  return `: off sale; who holds it keeps it (${many})`;
}

function Value({ value }: { readonly value: unknown }) {
  return value === undefined ? <span className="muted">nothing</span> : <Said text={JSON.stringify(value)} mono />;
}
