import { useState } from "react";
import { daysAfter } from "../format.ts";
import { At, Badge, Card, Heading, Notice, submitting } from "../parts.tsx";
import { Said } from "../said.tsx";
import { sentenceOf, useSession } from "../session.tsx";
import type { Shown } from "./shown.ts";
import { afterTrial, refusalOf, StatusBadge } from "./words.tsx";

export function Header({ tenant, catalog }: Shown) {
  const { tenant: id, name, mode, subscription, timeZone, currency, asOf, createdAt, metadata } = tenant;
  const trialing = subscription?.status === "trialing" && subscription.until !== null;
  const known = Object.keys(metadata).length > 0;
  return (
    <>
      <header className="stack close">
        <Heading text={name === "" ? id : name} />
        <div className="row">
          <Said text={id} mono />
          <Badge tone={mode === "test" ? "accent" : "plain"}>{mode}</Badge>
          <StatusBadge subscription={subscription} />
        </div>
      </header>
      <Card>
        <dl className="facts">
          <div>
            <dt>Plan</dt>
            <dd>
              {subscription === null ? (
                "none"
              ) : (
                <>
                  <Said text={catalog?.plans[subscription.plan]?.name ?? subscription.plan} />{" "}
                  <span className="muted">version {subscription.planVersion}</span>
                </>
              )}
            </dd>
          </div>
          {subscription === null ? null : (
            <div>
              <dt>{subscription.until === null ? "Since" : trialing ? "Trial ends" : "Until"}</dt>
              <dd>
                <At instant={subscription.until ?? subscription.since} zone={timeZone} from={asOf} />
                {trialing ? <span className="muted small">{afterTrial(tenant, catalog).replace(", ", "")}</span> : null}
              </dd>
            </div>
          )}
          <div>
            <dt>{mode === "test" ? "Its own clock" : "Its time"}</dt>
            <dd>
              <At instant={asOf} zone={timeZone} />
            </dd>
          </div>
          <div>
            <dt>Time zone</dt>
            <dd>
              <Said text={timeZone} />
            </dd>
          </div>
          <div>
            <dt>Currency</dt>
            <dd>{currency}</dd>
          </div>
          <div>
            <dt>Created</dt>
            <dd>
              <At instant={createdAt} zone={timeZone} />
            </dd>
          </div>
          {known ? (
            <div>
              <dt>Metadata</dt>
              <dd>
                <details>
                  <summary>Show</summary>
                  <pre>
                    <Said text={JSON.stringify(metadata)} />
                  </pre>
                </details>
              </dd>
            </div>
          ) : null}
        </dl>
      </Card>
    </>
  );
}

const steps = [
  ["0.041666666666666664", "1 hour"],
  ["1", "1 day"],
  ["7", "7 days"],
  ["31", "31 days"],
  ["366", "366 days"],
] as const;

/** Moves a test tenant's clock: windows turn, grants expire and trials end as they would have. */
export function ClockForm({ tenant, changed }: Pick<Shown, "tenant"> & { readonly changed: () => Promise<void> }) {
  const { client } = useSession();
  const [days, setDays] = useState("1");
  const [trouble, setTrouble] = useState<string>();
  const [busy, setBusy] = useState(false);
  const advance = async () => {
    setBusy(true);
    try {
      const to = daysAfter(tenant.asOf, Number(days));
      const answer = await client.tenants.advanceClock({ tenant: tenant.tenant, to });
      setTrouble(answer.outcome === "advanced" ? undefined : refusalOf(answer));
      if (answer.outcome === "advanced") await changed();
    } catch (error) {
      setTrouble(sentenceOf(error));
    }
    setBusy(false);
  };
  return (
    <Card title="Clock">
      <form className="panel" onSubmit={submitting(advance)}>
        <p>
          <At instant={tenant.asOf} zone={tenant.timeZone} />
        </p>
        <div className="row">
          <label className="unseen" htmlFor="by">
            Advance the clock by
          </label>
          <select id="by" className="by" value={days} onChange={(event) => setDays(event.target.value)}>
            {steps.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
          <button type="submit" className="button" disabled={busy}>
            Advance the clock
          </button>
        </div>
        <div role="status">{trouble === undefined ? null : <Notice tone="bad" title={trouble} />}</div>
      </form>
    </Card>
  );
}
