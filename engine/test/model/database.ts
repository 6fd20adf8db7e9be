// The functions of schema purser as the runner calls them: arguments and rows as text, so that no driver rounds anything.
import type { Client, Pool, PoolClient } from "pg";
import type { Args } from "./answer.ts";
import { decimalOf, millionths } from "./quantity.ts";
import type { Answer } from "./state.ts";

type Connection = Client | Pool | PoolClient;
/** The arguments of each function with their types, and the types of the columns it answers. */
export type Signatures = ReadonlyMap<string, { readonly arguments: ReadonlyMap<string, string> }>;

export async function signaturesOf(connection: Connection): Promise<Signatures> {
  const { rows } = await connection.query<{ name: string; argument: string; type: string }>(
    `SELECT p.proname AS name, a.name AS argument, format_type(a.type, NULL) AS type
     FROM pg_catalog.pg_proc p
     CROSS JOIN LATERAL unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) WITH ORDINALITY a (name, type, place)
     WHERE p.pronamespace = 'purser'::regnamespace ORDER BY p.proname, a.place`,
  );
  const signatures = new Map<string, { arguments: Map<string, string> }>();
  for (const { name, argument, type } of rows) {
    const signature = signatures.get(name) ?? { arguments: new Map<string, string>() };
    signatures.set(name, signature);
    signature.arguments.set(argument, type);
  }
  return signatures;
}

/** Numbers without zeros at their end; all else as PostgreSQL wrote it. */
const plainly = (value: string | null): string | null => {
  const amount = value !== null && /^-?\d+\.\d+$/.test(value) ? millionths(value) : undefined;
  return amount === undefined ? value : decimalOf(amount);
};

export const plainRow = (row: Answer): Answer =>
  Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plainly(value)]));

export async function callSql(
  connection: Connection,
  signatures: Signatures,
  name: string,
  args: Args,
): Promise<Answer[]> {
  const types = signatures.get(name)?.arguments;
  if (types === undefined) throw new Error(`there is no function ${name}`);
  const names = Object.keys(args);
  const list = names.map((argument, i) => `${argument} => $${i + 1}::${types.get(argument) ?? "text"}`);
  const { rows } = await connection.query<Answer>(
    `SELECT * FROM purser.${name}(${list.join(", ")})`,
    names.map((argument) => args[argument] ?? null),
  );
  return rows.map(plainRow);
}
