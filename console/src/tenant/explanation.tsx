// Why a balance is what it is, in words: now, or at an instant of the past or of what is to come.
import type { ExplainedGrant, Explanation } from "@purser/sdk";
import { type ReactNode, useEffect, useState } from "react";
import { instantAt, number, onWallClock, quantity } from "../format.ts";
import { At, Field, submitting } from "../parts.tsx";
import { Said } from "../said.tsx";
import { Bar, inFigures } from "./bar.tsx";
import { Verdict } from "./features.tsx";
import { GrantName } from "./grants.tsx";
import type { Behind } from "./told.ts";
import { reasonOf } from "./words.tsx";

/** Chooses the instant that everything behind the balance is told of. */
export function AsOf({
  zone,
  at,
  choose,
}: {
  readonly zone: string;
  readonly at: string | undefined;
  readonly choose: (at: string | undefined) => void;
}) {
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<string>();
  useEffect(() => {
    if (at === undefined) setTyped("");
  }, [at]);
  const ask = () => {
    const instant = typed === "" ? undefined : instantAt(typed, zone);
    setWrong(typed !== "" && instant === undefined ? "This is no time." : undefined);
    if (typed === "" || instant !== undefined) choose(instant);
  };
  return (
    <form className="as-of" onSubmit={submitting(ask)}>
      <Field label="As of" hint={<Said text={`on its wall clock (${zone}); empty is now`} />} wrong={wrong}>
        {(labels) => (
          <input
            {...labels}
            type="datetime-local"
            step={1}
            max="8999-12-31T23:59"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </Field>
      <button type="submit" className="button">
        Explain
      </button>
    </form>
  );
}

export function InWords({
  behind,
  told,
  past,
}: {
  readonly behind: Behind;
  readonly told: Explanation;
  readonly past: boolean;
}) {
  const { catalog, tenant } = behind.shown;
  const zone = tenant.timeZone;
  const tierName = (key: string) => catalog?.tiers[key]?.name ?? key;
  if (told.reason === "TENANT_UNKNOWN") return <p>The tenant had not been made then.</p>;
  const plan = told.plan === null ? undefined : (catalog?.plans[told.plan]?.name ?? told.plan);
  return (
    <div className="in-words">
      <p className="sum-of">
        <Verdict allowed={told.allowed} />{" "}
        <Said text={`${reasonOf({ ...told, remaining: told.available, requiredTier: null }, tierName)}.`} />
      </p>
      {told.used === null ? null : <Sum told={told} behind={behind} past={past} />}
      <dl>
        <Row label="Access">
          {plan === undefined ? (
            "There is no plan. "
          ) : (
            <>
              The plan is <Said text={plan} />, version {told.planVersion}.{" "}
            </>
          )}
          <Validity told={told} zone={zone} />
        </Row>
        {told.used === null ? null : (
          <Row label="Window">
            {told.windowEndsAt === null ? (
              "None: what is left does not begin anew by time."
            ) : (
              <>
                {told.windowStartsAt === null ? null : <>From {onWallClock(told.windowStartsAt, zone)} </>}
                until {onWallClock(told.windowEndsAt, zone)}; then what the plan includes begins anew.
              </>
            )}
          </Row>
        )}
        {told.grants.length === 0 ? null : (
          <Row label="Grants">
            <ul>
              {told.grants.map((grant) => (
                <li key={grant.grantId}>
                  <GrantName grant={grant} behind={behind} /> <span>{standingOf(grant, zone)}</span>
                  {grant.endedBy === null ? null : (
                    <>
                      {" "}
                      By <Said text={grant.endedBy} />
                      {grant.reason === null ? (
                        "."
                      ) : (
                        <>
                          : “<Said text={grant.reason} />
                          ”.
                        </>
                      )}
                    </>
                  )}
                </li>
              ))}
            </ul>
          </Row>
        )}
        <Holding told={told} zone={zone} unit={behind.unit} />
        <Row label="History">
          {told.version === 0
            ? "Nothing had happened to it."
            : `${number(told.version)} ${told.version === 1 ? "change" : "changes"} so far.`}
        </Row>
      </dl>
    </div>
  );
}

function Row({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Validity({
  told: { validFrom, validUntil, allowed },
  zone,
}: {
  readonly told: Explanation;
  readonly zone: string;
}) {
  const so = allowed ? "It is allowed" : "It is denied";
  const from = validFrom === null ? "" : ` from ${onWallClock(validFrom, zone)}`;
  const until = validUntil === null ? "" : ` until ${onWallClock(validUntil, zone)}, by what is known today`;
  if (from === "" && until === "") return <>{so} at any time.</>;
  return (
    <>
      {so}
      {from}
      {until}.
    </>
  );
}

/** The numbers as they add up, and the line that shows them. */
function Sum({ told, behind, past }: { readonly told: Explanation; readonly behind: Behind; readonly past: boolean }) {
  const { kind, unlimited, granted, used, held, available, claimed, reported, overage, overLimit } = told;
  const slots = kind === "capacity";
  // What is beyond the limit is said by itself.
  const left = unlimited ? null : Math.max(available ?? 0, 0);
  const parts = { left, held: held ?? 0, granted: granted ?? 0 };
  const taken: readonly (readonly [number, string])[] = slots
    ? [[claimed ?? 0, reported ? "reported" : "claimed"]]
    : [
        [used ?? 0, "used"],
        [held ?? 0, "held"],
      ];
  const open = told.grants.filter(({ endedAt, status }) => endedAt === null && status !== "not_yet");
  return (
    <>
      <p className="sum number">
        <span>
          <b>{unlimited ? "unlimited" : number(granted ?? 0)}</b> {unlimited ? "" : "granted"}
        </span>
        {taken.map(([amount, word]) => (
          <span key={word}>
            <i>{unlimited ? "·" : "−"}</i> <b>{number(amount)}</b> {word}
          </span>
        ))}
        {unlimited ? null : (
          <span>
            <i>=</i> <b>{quantity(left ?? 0, behind.unit)}</b> {slots ? "free" : "left"}
          </span>
        )}
      </p>
      {/* Of now it stands above. */}
      {past ? <Bar grants={open} parts={parts} label={`${behind.called} then: ${inFigures(parts)}`} /> : null}
      {(overage ?? 0) > 0 ? (
        <p>{quantity(overage ?? 0, behind.unit)} were allowed beyond that since the window began.</p>
      ) : null}
      {(overLimit ?? 0) > 0 ? <p>It is over its limit by {quantity(overLimit ?? 0, behind.unit)}.</p> : null}
    </>
  );
}

/** How a grant counts, or why it does not. */
function standingOf(grant: ExplainedGrant, zone: string): string {
  const { status, amount, used, held, remaining, effectiveAt, expiresAt, endedAt } = grant;
  const of = amount === null ? `${number(used)} used, unlimited` : `${number(used)} of ${number(amount)} used`;
  const aside = held > 0 ? `, ${number(held)} held` : "";
  const left = remaining === null ? "" : `, ${number(remaining)} left`;
  const ended = endedAt === null ? "" : onWallClock(endedAt, zone);
  const until = expiresAt === null ? "It never ends." : `It ends on ${onWallClock(expiresAt, zone)}.`;
  const sentences: Readonly<Record<ExplainedGrant["status"], string>> = {
    counts: `counts: ${of}${aside}${left}. ${until}`,
    resting: `rests while an unlimited grant pays: ${of}${aside}${left}. ${until}`,
    not_yet: `begins on ${onWallClock(effectiveAt, zone)}: ${amount === null ? "unlimited" : number(amount)}.`,
    expired: `expired on ${ended}: ${of}${aside}.`,
    voided: `was voided on ${ended}: ${of}${aside}.`,
    masked: `has stood back since ${ended}, while another amount stands in its place: ${of}${aside}.`,
    replaced: `ended on ${ended}, when the plan changed: ${of}${aside}.`,
  };
  return sentences[status];
}

/** What is set aside, and what occupies slots. */
function Holding({
  told: { holds, claimed, reported, kind },
  zone,
  unit,
}: {
  readonly told: Explanation;
  readonly zone: string;
  readonly unit: string | undefined;
}) {
  const open = holds.filter(({ status }) => status === "open");
  if (kind === "capacity") {
    return (
      <Row label="Claims">
        {quantity(claimed ?? 0, unit)} {reported ? "by the count that was last reported." : "claimed by name."}
      </Row>
    );
  }
  if (open.length === 0) return null;
  return (
    <Row label="Holds">
      <ul>
        {open.map(({ holdKey, funded, expiresAt }) => (
          <li key={holdKey}>
            <Said text={holdKey} mono /> sets {number(funded)} aside until {onWallClock(expiresAt, zone)}.
          </li>
        ))}
      </ul>
    </Row>
  );
}

/** Says that what is shown is not of now. */
export function Past({
  at,
  zone,
  from,
  back,
}: {
  readonly at: string;
  readonly zone: string;
  readonly from: string;
  readonly back: () => void;
}) {
  return (
    <p className="past row small">
      <span>
        As of <At instant={at} zone={zone} from={from} />
      </span>
      <button type="button" className="button small" onClick={back}>
        Back to now
      </button>
    </p>
  );
}
