import { PurserError } from "@purser/sdk";
import { useCallback, useEffect } from "react";
import { useAsked } from "../asking.ts";
import { Card, Empty, Failed, Heading, Waiting } from "../parts.tsx";
import { Link } from "../place.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { Balances } from "../tenant/balances.tsx";
import { Features } from "../tenant/features.tsx";
import { Forms } from "../tenant/forms.tsx";
import { ClockForm, Header } from "../tenant/header.tsx";
import { showTenant } from "../tenant/shown.ts";

export function TenantPage({ id }: { readonly id: string }) {
  const { client, session, sessions = [], choose } = useSession();
  const mode = session?.mode ?? "live";
  const ask = useCallback(() => showTenant(client, id), [client, id]);
  const { value: shown, error, loading, again } = useAsked(ask);

  // An address says nothing of the mode: where the tenant is of the other one, and somebody is signed in for it, change over.
  const otherMode = error instanceof PurserError && error.code === "other_mode";
  const other = otherMode ? sessions.find((one) => one.mode !== mode)?.mode : undefined;
  useEffect(() => {
    if (other !== undefined) choose(other);
  }, [other, choose]);

  return (
    <div className="stack">
      <nav aria-label="Where this is">
        <Link to="/tenants">Tenants</Link> <span className="muted">/</span> <Said text={id} />
      </nav>
      {shown !== undefined ? (
        <>
          <Header {...shown} />
          <div className="beside">
            <Balances shown={shown} changed={again} />
            <aside className="stack" aria-label="Actions">
              <Forms shown={shown} changed={again} />
              {shown.tenant.mode === "test" ? <ClockForm tenant={shown.tenant} changed={again} /> : null}
            </aside>
            <Features {...shown} />
          </div>
        </>
      ) : (
        <>
          <Heading text={id} />
          {error !== undefined ? (
            other === undefined ? (
              <Failed error={error} again={again} />
            ) : null
          ) : loading ? (
            <Card>
              <Waiting lines={9} />
            </Card>
          ) : (
            <Card>
              <Empty title="There is no such tenant">
                <Said text={id} mono />
                <Link to="/tenants">To the tenants</Link>
              </Empty>
            </Card>
          )}
        </>
      )}
    </div>
  );
}
