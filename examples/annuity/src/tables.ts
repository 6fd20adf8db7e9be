// The application's own tables, beside Purser's in the same database.
import { boolean, integer, numeric, pgSchema, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

const schema = pgSchema("example_annuity");

export const projects = schema.table(
  "projects",
  {
    workspace: text().notNull(),
    id: text().notNull(),
    name: text().notNull(),
    archived: boolean().notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.workspace, table.id] })],
);

/** What was calculated. The request's own key names the row, as it names the consumption. */
export const calculations = schema.table(
  "calculations",
  {
    workspace: text().notNull(),
    request: text().notNull(),
    payment: numeric().notNull(),
    rate: numeric().notNull(),
    years: integer().notNull(),
    value: numeric().notNull(),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.workspace, table.request] })],
);

export const createTables = `
  CREATE TABLE IF NOT EXISTS example_annuity.projects (
    workspace text NOT NULL, id text NOT NULL, name text NOT NULL, archived boolean NOT NULL DEFAULT false,
    PRIMARY KEY (workspace, id));
  CREATE TABLE IF NOT EXISTS example_annuity.calculations (
    workspace text NOT NULL, request text NOT NULL, payment numeric NOT NULL, rate numeric NOT NULL, years integer NOT NULL,
    value numeric NOT NULL, at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace, request))`;
