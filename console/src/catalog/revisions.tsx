// What the catalogue was: every publication, each to be looked at and to be compared with what is on sale now.
import type { CatalogRevision, Client } from "@purser/sdk";
import { type ReactNode, useCallback, useState } from "react";
import { useAsked } from "../asking.ts";
import { At, Badge, Card, Failed, Waiting } from "../parts.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";
import { Pages } from "../pager.tsx";
import { ComparisonView } from "./comparison.tsx";
import { printed } from "./published.ts";

const PAGE = 10;
type Look = (typeof looks)[number][0];
const looks = [
  ["view", "View"],
  ["compare", "Compare"],
] as const;

/** `newest` is what is on sale: its own line has nothing to be compared with. */
export function Revisions({ newest }: { readonly newest: number }) {
  const { client } = useSession();
  const [trail, setTrail] = useState<readonly string[]>([]);
  const [shown, setShown] = useState<{ readonly revision: number; readonly look: Look }>();
  const cursor = trail.at(-1);
  const ask = useCallback(
    () => client.catalog.revisions({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }),
    [client, cursor],
  );
  const { value: page, error, again } = useAsked(ask);
  if (error !== undefined) return <Failed error={error} again={again} />;
  return (
    <Card title="Revisions" flush="bare">
      <div className="flush">
        {page === undefined ? (
          <Waiting />
        ) : (
          <table className="revisions folds" aria-label="Revisions">
            <thead>
              <tr>
                <th scope="col">Revision</th>
                <th scope="col">Published</th>
                <th scope="col">By</th>
                <th scope="col">
                  <span className="unseen">To look at</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {page.revisions.map((one) => (
                <Line key={one.revision} of={one} isNewest={one.revision === newest}>
                  {looks.map(([look, text]) =>
                    look === "compare" && one.revision === newest ? null : (
                      <button
                        key={look}
                        type="button"
                        className="button quiet"
                        aria-label={`${text} revision ${one.revision}`}
                        aria-pressed={shown?.revision === one.revision && shown.look === look}
                        onClick={() => setShown({ revision: one.revision, look })}
                      >
                        {text}
                      </button>
                    ),
                  )}
                </Line>
              ))}
            </tbody>
          </table>
        )}
      </div>
      <div className="inside stack close">
        <Pages trail={trail} next={page?.nextCursor ?? null} label="Pages of the revisions" turn={setTrail} />
        {shown === undefined ? null : <Shown key={`${shown.look} ${shown.revision}`} {...shown} />}
      </div>
    </Card>
  );
}

function Line({
  of: { revision, publishedAt, publishedBy },
  isNewest,
  children,
}: {
  readonly of: CatalogRevision;
  readonly isNewest: boolean;
  readonly children: ReactNode;
}) {
  return (
    <tr>
      <th scope="row" className="number">
        {revision} {isNewest ? <Badge tone="good">on sale</Badge> : null}
      </th>
      <td data-column="Published">
        <span>
          <At instant={publishedAt} zone="UTC" /> UTC
        </span>
      </td>
      <td data-column="By">
        <Said text={publishedBy} />
      </td>
      <td>
        <span className="row">{children}</span>
      </td>
    </tr>
  );
}

/** A revision that was asked for by its number, from a list that it stands in. */
async function contentOf(client: Client, revision: number): Promise<unknown> {
  const found = await client.catalog.revision({ revision });
  if (found === undefined) throw new Error(`no revision ${revision}`);
  return found.catalog;
}

function Shown({ revision, look }: { readonly revision: number; readonly look: Look }) {
  const { client } = useSession();
  const ask = useCallback(async () => {
    const catalog = await contentOf(client, revision);
    return look === "view" ? { text: printed(catalog) } : { comparison: await client.catalog.compare({ catalog }) };
  }, [client, revision, look]);
  const { value, error, again } = useAsked(ask);
  if (error !== undefined) return <Failed error={error} again={again} />;
  if (value === undefined) return <Waiting />;
  const title = look === "view" ? `Revision ${revision}` : `If revision ${revision} were published again`;
  return (
    <div role="status" className="stack close">
      <h3>{title}</h3>
      {"comparison" in value ? (
        <ComparisonView comparison={value.comparison} />
      ) : (
        <pre className="kept" role="region" aria-label={title} tabIndex={0}>
          {value.text.split("\n").map((line, i) => (
            <span key={i}>
              <Said text={line} />
              {"\n"}
            </span>
          ))}
        </pre>
      )}
    </div>
  );
}
