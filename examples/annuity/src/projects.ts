// Projects, of which a workspace may have so many that are not archived. They are counted where they are: in this
// application's own table, in the transaction that adds one.
import type { Purser, TransactionOf, WithCapacity } from "@purser/engine";
import { and, eq, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { catalog } from "./catalog.ts";
import { projects } from "./tables.ts";

type Db = NodePgDatabase;
type Tx = TransactionOf<Db>;
type OurPurser = Purser<typeof catalog>;

const active = (tx: Tx, workspace: string) =>
  tx.$count(projects, and(eq(projects.workspace, workspace), eq(projects.archived, false)));

/** So that whoever looks at the limits sees the count of now. */
async function recount(purser: OurPurser, tx: Tx, workspace: string): Promise<void> {
  const count = await active(tx, workspace);
  await purser.reportCount(tx, { tenant: workspace, feature: "projects.max", count });
}

/** False where there is one of that id already. */
export function createProject(
  purser: OurPurser,
  db: Db,
  project: { readonly workspace: string; readonly id: string; readonly name: string },
): Promise<WithCapacity<boolean>> {
  const { workspace } = project;
  return purser.withCapacity(
    db,
    { tenant: workspace, feature: "projects.create", count: (tx) => active(tx, workspace) },
    async (tx) => {
      const made = await tx.insert(projects).values(project).onConflictDoNothing().returning({ id: projects.id });
      await recount(purser, tx, workspace);
      return made.length > 0;
    },
  );
}

export async function findProject(
  db: Db,
  { workspace, id }: { readonly workspace: string; readonly id: string },
): Promise<{ readonly archived: boolean } | undefined> {
  const [project] = await db
    .select({ archived: projects.archived })
    .from(projects)
    .where(and(eq(projects.workspace, workspace), eq(projects.id, id)));
  return project;
}

/** Making one active again counts as making one. True where there was something to do. */
export function unarchiveProject(
  purser: OurPurser,
  db: Db,
  { workspace, id }: { readonly workspace: string; readonly id: string },
): Promise<WithCapacity<boolean>> {
  return purser.withCapacity(
    db,
    { tenant: workspace, feature: "projects.unarchive", count: (tx) => active(tx, workspace) },
    (tx) => setArchived(purser, tx, { workspace, id, archived: false }),
  );
}

/** Archiving makes room and needs none. */
export function archiveProject(
  purser: OurPurser,
  db: Db,
  { workspace, id }: { readonly workspace: string; readonly id: string },
): Promise<boolean> {
  return db.transaction((tx) => setArchived(purser, tx, { workspace, id, archived: true }));
}

async function setArchived(
  purser: OurPurser,
  tx: Tx,
  { workspace, id, archived }: { readonly workspace: string; readonly id: string; readonly archived: boolean },
): Promise<boolean> {
  const changed = await tx
    .update(projects)
    .set({ archived })
    .where(and(eq(projects.workspace, workspace), eq(projects.id, id), sql`${projects.archived} <> ${archived}`))
    .returning({ id: projects.id });
  await recount(purser, tx, workspace);
  return changed.length > 0;
}
