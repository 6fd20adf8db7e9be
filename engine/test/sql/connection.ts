// What the tests of the schema do with a connection: look, try, and leave no trace.
import { Client, type QueryResult } from "pg";

export async function connect(url: string, options = ""): Promise<Client> {
  const client = new Client({ connectionString: url, options });
  await client.connect();
  return client;
}

/** The first column of every row, as text. */
export async function column(client: Client, text: string, values: unknown[] = []): Promise<string[]> {
  const { rows } = await client.query<unknown[]>({ text, values, rowMode: "array" });
  return rows.map(([value]) => String(value));
}

/** Runs work in a transaction that is rolled back whatever happens. */
export async function rolledBack<Result>(client: Client, work: () => Promise<Result>): Promise<Result> {
  await client.query("BEGIN");
  try {
    return await work();
  } finally {
    await client.query("ROLLBACK");
  }
}

/** The SQLSTATE a statement ends with, or how many rows it answered; in an open transaction, and undone. */
export async function attempt(client: Client, text: string, values: unknown[] = []): Promise<string> {
  await client.query("SAVEPOINT attempt");
  try {
    const { rows }: QueryResult = await client.query(text, values);
    return `${rows.length} rows`;
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  } finally {
    await client.query("ROLLBACK TO SAVEPOINT attempt");
  }
}

/** A rule about the catalogue of a migrated database. */
export interface CatalogueRule {
  readonly name: string;
  /** Answers one line for each place that breaks the rule. */
  readonly find: string;
  /** Statements that break it, and a piece of the line that must then be answered. */
  readonly bad: readonly (readonly [statement: string, line: string])[];
}

/** Breaks a rule in one way, in a transaction that is rolled back, and answers what the rule then finds. */
export function broken(client: Client, find: string, statement: string): Promise<string[]> {
  return rolledBack(client, async () => {
    await client.query("SET LOCAL client_min_messages = error");
    await client.query(statement);
    return column(client, find);
  });
}
