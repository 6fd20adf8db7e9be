import { useCallback } from "react";
import { useAsked } from "../asking.ts";
import { Editor } from "../catalog/editor.tsx";
import { Lists } from "../catalog/lists.tsx";
import { Matrix } from "../catalog/matrix.tsx";
import { publishedCatalog } from "../catalog/published.ts";
import { Revisions } from "../catalog/revisions.tsx";
import { At, Card, Empty, Failed, Heading, Waiting } from "../parts.tsx";
import { Said } from "../said.tsx";
import { useSession } from "../session.tsx";

export function CatalogPage() {
  const { client } = useSession();
  const ask = useCallback(() => publishedCatalog(client), [client]);
  const { value: catalog, error, loading, again } = useAsked(ask);
  return (
    <div className="stack">
      <div>
        <Heading text="Catalogue" />
        {catalog === undefined ? null : (
          <p className="muted">
            Revision {catalog.revision}, published by <Said text={catalog.publishedBy} /> on{" "}
            <At instant={catalog.publishedAt} zone="UTC" /> UTC
          </p>
        )}
      </div>
      {error !== undefined ? (
        <Failed error={error} again={again} />
      ) : catalog !== undefined ? (
        <>
          <Card title="What each plan includes" flush>
            <Matrix catalog={catalog} />
          </Card>
          <Lists catalog={catalog} />
          <Editor content={catalog.content} changed={again} />
          <Revisions key={catalog.revision} newest={catalog.revision} />
        </>
      ) : loading ? (
        <Card>
          <Waiting />
        </Card>
      ) : (
        <>
          <Card>
            <Empty title="No catalogue has been published">
              Publish one from your application, or with the editor.
            </Empty>
          </Card>
          <Editor content={undefined} changed={again} />
        </>
      )}
    </div>
  );
}
