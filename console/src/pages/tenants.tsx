import { useCallback, useEffect, useState } from "react";
import { useAsked } from "../asking.ts";
import { publishedCatalog } from "../catalog/published.ts";
import { Card, Empty, Failed, Heading, Named, submitting, Waiting } from "../parts.tsx";
import { go, Link, tenantPath, usePlace } from "../place.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { StatusBadge } from "../tenant/words.tsx";
import { At } from "../parts.tsx";
import { Pages } from "../pager.tsx";

const PAGE = 25;

export function TenantsPage() {
  const { client, session } = useSession();
  const { query } = usePlace();
  const prefix = query.get("prefix") ?? "";
  const [typed, setTyped] = useState(prefix);
  // The cursors of the pages before this one: the way back.
  const [trail, setTrail] = useState<readonly string[]>([]);
  const cursor = trail.at(-1);
  const ask = useCallback(
    () =>
      client.tenants.list({
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
        ...(prefix === "" ? {} : { prefix }),
      }),
    [client, cursor, prefix],
  );
  const { value: page, error, loading, again } = useAsked(ask);
  const askCatalog = useCallback(() => publishedCatalog(client), [client]);
  const { value: catalog } = useAsked(askCatalog);
  // A live tenant's time is everybody's.
  const ownClocks = session?.mode === "test";

  const find = (text: string) => {
    setTrail([]);
    go(text === "" ? "/tenants" : `/tenants?prefix=${encodeURIComponent(text)}`, true);
  };
  useEffect(() => {
    if (typed === prefix) return undefined;
    const soon = setTimeout(() => find(typed), 250);
    return () => clearTimeout(soon);
  });

  return (
    <div className="stack">
      <div className="row apart">
        <div>
          <Heading text="Tenants" />
          <p className="muted">Every {session?.mode === "test" ? "test" : "live"} tenant, in the order of the ids.</p>
        </div>
        <form className="find" role="search" onSubmit={submitting(() => find(typed))}>
          <label className="unseen" htmlFor="find">
            Find by the beginning of the id
          </label>
          <input
            id="find"
            type="search"
            placeholder="Find by the beginning of the id"
            maxLength={200}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </form>
      </div>
      {error !== undefined ? (
        <Failed error={error} again={again} />
      ) : (
        <Card flush>
          {page === undefined ? (
            <Waiting lines={8} />
          ) : page.tenants.length === 0 ? (
            <Empty title={prefix === "" ? "No tenants yet" : "No tenant's id begins with this"}>
              {prefix === "" ? (
                <span>
                  Make one with <code>POST /v1/tenants</code> or <code>purser dev --demo</code>.
                </span>
              ) : (
                <>
                  <Said text={prefix} mono />
                  <span>Names are not searched.</span>
                </>
              )}
            </Empty>
          ) : (
            <table className="tenants folds" aria-busy={loading}>
              <thead>
                <tr>
                  <th scope="col">Tenant</th>
                  <th scope="col">Plan</th>
                  <th scope="col">Status</th>
                  {ownClocks ? <th scope="col">Its clock</th> : null}
                  <th scope="col">Time zone</th>
                </tr>
              </thead>
              <tbody>
                {page.tenants.map(({ tenant, name, subscription, timeZone, asOf }) => (
                  <tr key={tenant}>
                    <th scope="row">
                      <Named name={name} id={tenant}>
                        <Link to={tenantPath(tenant)}>
                          <Said text={name === "" ? tenant : name} />
                        </Link>
                      </Named>
                    </th>
                    <td data-column="Plan">
                      {subscription === null ? (
                        <span className="muted">none</span>
                      ) : (
                        <Said text={catalog?.plans[subscription.plan]?.name ?? subscription.plan} />
                      )}
                    </td>
                    <td data-column="Status">
                      <StatusBadge subscription={subscription} />
                    </td>
                    {ownClocks ? (
                      <td data-column="Its clock">
                        <At instant={asOf} zone={timeZone} />
                      </td>
                    ) : null}
                    <td data-column="Time zone">
                      <Said text={timeZone} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Card>
      )}
      <Pages trail={trail} next={page?.nextCursor ?? null} label="Pages of the list" turn={setTrail} />
    </div>
  );
}
