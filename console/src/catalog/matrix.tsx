// Plans beside each other: what each includes of every feature.
import { number } from "../format.ts";
import { Named } from "../parts.tsx";
import { Said } from "../said.tsx";
import { kinds } from "./kinds.ts";
import { objectOf, type Published, type ShownFeature } from "./published.ts";

export function Matrix({ catalog }: { readonly catalog: Published }) {
  const rank = (tier: string) => catalog.tiers[tier]?.rank ?? 0;
  const plans = Object.entries(catalog.plans).toSorted(([, one], [, other]) => rank(one.tier) - rank(other.tier));
  const features = Object.entries(catalog.features);
  return (
    <>
      {plans.length > 1 ? <p className="sideways muted small">Scroll sideways for the other plans →</p> : null}
      <div className="scroll" role="region" aria-label="Plans and features" tabIndex={0}>
        <table className="matrix">
          <thead>
            <tr>
              <th scope="col">
                <span className="unseen">Feature</span>
              </th>
              {plans.map(([key, plan]) => (
                <th key={key} scope="col">
                  <Named name={plan.name} id={key} />
                </th>
              ))}
            </tr>
          </thead>
          {kinds.map(([kind, title]) => {
            const rows = features.filter(([, feature]) => feature.kind === kind);
            return rows.length === 0 ? null : (
              <tbody key={kind}>
                <tr className="kind">
                  <th scope="rowgroup" colSpan={plans.length + 1}>
                    {title}
                  </th>
                </tr>
                {rows.map(([key, feature]) => (
                  <tr key={key}>
                    <th scope="row">
                      <Named name={feature.name} id={key} />
                      {feature.unit === undefined ? null : (
                        <span className="muted small">
                          in <Said text={feature.unit} />
                        </span>
                      )}
                    </th>
                    {plans.map(([plan, { tier, inclusions }]) => (
                      <td key={plan}>
                        <Included
                          inclusion={inclusions[key] ?? (byTier(feature, rank(tier), rank) ? true : undefined)}
                          kind={feature.kind}
                        />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            );
          })}
        </table>
      </div>
    </>
  );
}

/** A flag with a least tier is in every plan of that tier or above. */
function byTier({ kind, minimumTier }: ShownFeature, tier: number, rank: (tier: string) => number): boolean {
  return kind === "flag" && minimumTier !== undefined && tier >= rank(minimumTier);
}

function Included({ inclusion, kind }: { readonly inclusion: unknown; readonly kind: string }) {
  if (inclusion === undefined) {
    return (
      <span className="muted">
        <span aria-hidden="true">–</span>
        <span className="unseen">not included</span>
      </span>
    );
  }
  if (inclusion === true || kind === "flag") {
    return (
      <>
        <span aria-hidden="true">✓</span>
        <span className="unseen">included</span>
      </>
    );
  }
  return <Said text={inWords(inclusion)} />;
}

/** What a plan or a product gives of a feature. */
export function inWords(inclusion: unknown): string {
  if (typeof inclusion !== "object" || inclusion === null) return spoken(inclusion);
  const { amount, unlimited, value, every, per, durationDays } = objectOf(inclusion);
  const much = unlimited === true ? "unlimited" : spoken(amount ?? value ?? inclusion);
  const { unit, count } = typeof every === "string" ? { unit: every, count: 1 } : objectOf(every);
  const window = typeof unit === "string" ? unit.replace("_", " ") : "";
  const often =
    window === "" || window === "lifetime" ? "" : count === 1 ? ` / ${window}` : ` / ${spoken(count)} ${window}s`;
  return `${much}${unlimited === true ? "" : often}${per === "subject" ? " per subject" : ""}${
    durationDays === undefined ? "" : ` for ${spoken(durationDays)} days`
  }`;
}

const spoken = (value: unknown) =>
  typeof value === "number" ? number(value) : typeof value === "string" ? value : JSON.stringify(value);
