// Hears what a story asks: before each command stands one of the same name that asks it and writes down the question and the
// answer, as part of the story's own transaction. What the story rolls back has not been heard either.
import type { Client } from "pg";
import type { Args } from "./answer.ts";
import { plainRow } from "./database.ts";
import type { Answer } from "./state.ts";

export interface Heard {
  readonly command: string;
  readonly args: Args;
  readonly answers: Answer[];
}

const listener = `
CREATE FUNCTION pg_temp.listen(p_command text) RETURNS void LANGUAGE plpgsql AS $listen$
DECLARE
  f record;
BEGIN
  SELECT p.oid, p.proretset, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
         pg_get_function_identity_arguments(p.oid) AS identity,
         string_agg(format('%1$I => %1$I', a.name), ', ' ORDER BY a.place) FILTER (WHERE a.mode = 'i') AS inputs,
         string_agg(format('%I', a.name), ', ' ORDER BY a.place) FILTER (WHERE a.mode <> 'i') AS outputs,
         string_agg(format('%L, %s', a.name, w.text), ', ' ORDER BY a.place) FILTER (WHERE a.mode = 'i') AS asked,
         string_agg(format('%L, %s', a.name, w.text), ', ' ORDER BY a.place) FILTER (WHERE a.mode <> 'i') AS answered
    INTO f
    FROM pg_catalog.pg_proc p
    CROSS JOIN LATERAL unnest(p.proargnames, coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs])),
                              coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY a (name, mode, type, place)
    CROSS JOIN LATERAL (SELECT CASE WHEN a.type = 'boolean'::regtype
      THEN format('CASE WHEN %1$I THEN ''t'' WHEN NOT %1$I THEN ''f'' END', a.name) ELSE format('%I::text', a.name) END AS text) w
    WHERE p.pronamespace = 'purser'::regnamespace AND p.proname = p_command
    GROUP BY p.oid, p.proretset;
  EXECUTE format('ALTER FUNCTION purser.%I(%s) RENAME TO %I', p_command, f.identity, 'asked_' || p_command);
  EXECUTE format($wrapper$
    CREATE FUNCTION purser.%1$I(%2$s) RETURNS %3$s LANGUAGE plpgsql AS $body$
    DECLARE
      v_answers jsonb := '[]';
    BEGIN
      FOR %4$s IN SELECT * FROM purser.%5$I(%6$s) LOOP
        v_answers := v_answers || jsonb_build_object(%7$s);
        %8$s
      END LOOP;
      INSERT INTO twin.heard (command, args, answers) VALUES (%9$L, jsonb_build_object(%10$s), v_answers);
    END
    $body$ $wrapper$, p_command, f.arguments, f.result, f.outputs, 'asked_' || p_command, f.inputs, f.answered,
    CASE WHEN f.proretset THEN 'RETURN NEXT;' ELSE '' END, p_command, f.asked);
END
$listen$`;

/** Listens to these commands, in a database that nobody uses yet. */
export async function listenTo(admin: Client, commands: readonly string[]): Promise<void> {
  await admin.query("CREATE SCHEMA twin");
  await admin.query("GRANT USAGE ON SCHEMA twin TO PUBLIC");
  await admin.query(
    `CREATE TABLE twin.heard (place bigint GENERATED ALWAYS AS IDENTITY, command text NOT NULL, args jsonb NOT NULL,
                              answers jsonb NOT NULL)`,
  );
  await admin.query("GRANT INSERT ON twin.heard TO PUBLIC");
  await admin.query(listener);
  for (const command of commands) await admin.query("SELECT pg_temp.listen($1)", [command]);
}

/** What was asked, in the order in which it was answered. */
export async function heard(admin: Client): Promise<Heard[]> {
  const { rows } = await admin.query<{ command: string; args: Args; answers: Answer[] }>(
    "SELECT command, args, answers FROM twin.heard ORDER BY place",
  );
  return rows.map(({ answers, ...asked }) => ({ ...asked, answers: answers.map(plainRow) }));
}
