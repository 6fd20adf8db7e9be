// The rules of the functions, judged by what the catalogue of a migrated database says about each and by its text.
import type { Client } from "pg";

export interface RoutineRow {
  readonly name: string;
  readonly signature: string;
  readonly kind: "f" | "p" | "a" | "w";
  readonly language: string;
  readonly source: string;
  readonly volatility: "i" | "s" | "v";
  readonly definer: boolean;
  readonly strict: boolean;
  readonly config: string[];
  readonly owner: string;
  /** Who may execute it besides its owner; PUBLIC among them where nothing was revoked. */
  readonly callers: string[];
  readonly argumentNames: string[];
  readonly rowTypes: string[];
  /** How many rows the planner takes it to answer; 0 where it answers one. */
  readonly rows: number;
}

const routines = `
SELECT p.proname::text AS name, p.oid::regprocedure::text AS signature, p.prokind AS kind, l.lanname::text AS language,
       p.prosrc AS source, p.provolatile AS volatility, p.prosecdef AS definer, p.proisstrict AS strict,
       coalesce(p.proconfig, '{}') AS config, p.proowner::regrole::text AS owner,
       ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
             FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
             WHERE a.grantee <> p.proowner AND a.privilege_type = 'EXECUTE' ORDER BY 1) AS callers,
       coalesce(p.proargnames[1:p.pronargs], '{}') AS "argumentNames",
       ARRAY(SELECT y.typname::text FROM pg_type y
             JOIN pg_class c ON c.oid = y.typrelid AND c.relkind IN ('r', 'p', 'v')
             WHERE y.oid = ANY (p.proargtypes::oid[] || p.prorettype || coalesce(p.proallargtypes, '{}'))) AS "rowTypes",
       p.prorows AS rows
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'purser'::regnamespace ORDER BY p.proname, p.oid`;

export async function routinesOf(client: Client): Promise<RoutineRow[]> {
  return (await client.query<RoutineRow>(routines)).rows;
}

/** The statements of a body without comments and with nothing left inside its quotes. */
const statements = ({ source }: RoutineRow) =>
  source.replace(/'(?:''|[^'])*'|--.*|\/\*[\s\S]*?\*\//g, (part) => (part.startsWith("'") ? "''" : " ")).split(";");
const bare = (routine: RoutineRow) => statements(routine).join(";");

const writing =
  /\b(insert\s+into|update\s+(only\s+)?purser\.|delete\s+from|truncate|merge\s+into|for\s+(no\s+key\s+)?update)\b/i;

/** The names of the functions that write or lock rows, by themselves or by calling one that does. */
export function writers(all: readonly RoutineRow[]): Set<string> {
  const found = new Set(all.filter((routine) => writing.test(bare(routine))).map(({ name }) => name));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const routine of all) {
      const called = [...bare(routine).matchAll(/\bpurser\.(\w+)\s*\(/gi)].map(([, name = ""]) => name.toLowerCase());
      if (called.some((name) => found.has(name))) found.add(routine.name);
    }
  }
  return found;
}

/** Write with their caller's rights and are called by hosts: the faces of the hot calls, without the slot. */
const faces = ["consume", "consume_many"];
/** Calls that a distributed engine sends to where the tenant lives. */
const hot: { readonly [name: string]: string } = {
  consume_in_slot: "p_slot integer",
  consume_many_in_slots: "p_slots integer[]",
  bad: "p_slot integer",
};

export interface RoutineRule {
  readonly name: string;
  readonly breaks: (routine: RoutineRow, all: readonly RoutineRow[]) => boolean;
  /** A function purser.bad that must be found. */
  readonly bad: readonly string[];
}

const plpgsql = (body: string, more = "") =>
  `CREATE FUNCTION purser.bad(p_slot integer) RETURNS void LANGUAGE plpgsql ${more} AS $$ BEGIN ${body} END $$`;
const inText = (pattern: RegExp) => (routine: RoutineRow) => pattern.test(bare(routine));

/** What a distributed engine asks of functions. */
export const distributionRules: RoutineRule[] = [
  {
    name: "no function is overloaded, and none is a procedure or an aggregate",
    breaks: (routine, all) => routine.kind !== "f" || all.filter(({ name }) => name === routine.name).length > 1,
    bad: [
      `${plpgsql("NULL;")}; CREATE FUNCTION purser.bad() RETURNS void LANGUAGE plpgsql AS 'BEGIN END'`,
      "CREATE PROCEDURE purser.bad() LANGUAGE plpgsql AS 'BEGIN END'",
    ],
  },
  {
    name: "rule 5: functions are PL/pgSQL",
    breaks: ({ language }) => language !== "plpgsql",
    bad: [
      "CREATE FUNCTION purser.bad(p_slot integer) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM purser.holds'",
    ],
  },
  {
    // Left unsaid it is a thousand; a few of these joined look like millions of rows, and PostgreSQL compiles the plan just
    // in time: measured, seconds for a turn of milliseconds.
    name: "a function that answers rows says about how many",
    breaks: ({ rows }) => rows >= 1000,
    bad: ["CREATE FUNCTION purser.bad() RETURNS SETOF integer LANGUAGE plpgsql AS 'BEGIN END'"],
  },
  {
    name: "rule 5: the hot calls take the slot, or the slots, as their first, plain argument",
    breaks: ({ name, argumentNames, signature }) => {
      const [, first = ""] = /\(([^,)]*)/.exec(signature) ?? [];
      return name in hot && `${argumentNames[0]} ${first}` !== hot[name];
    },
    bad: ["CREATE FUNCTION purser.bad(p_tenant text) RETURNS void LANGUAGE plpgsql AS 'BEGIN END'"],
  },
  {
    name: "rule 5: no table's row type in a signature",
    breaks: ({ rowTypes }) => rowTypes.length > 0,
    bad: [
      "CREATE FUNCTION purser.bad(p_hold purser.holds) RETURNS void LANGUAGE plpgsql AS 'BEGIN END'",
      "CREATE FUNCTION purser.bad() RETURNS SETOF purser.holds LANGUAGE plpgsql AS 'BEGIN END'",
    ],
  },
  {
    name: "rule 5: nothing flows between two modifying parts of one statement",
    breaks: (routine) =>
      statements(routine).some(
        (text) => (text.match(/\(\s*(insert\s+into|update|delete\s+from)\b/gi) ?? []).length > 1,
      ),
    bad: [
      plpgsql(`WITH a AS (DELETE FROM purser.claims RETURNING *), b AS (
        INSERT INTO purser.claims SELECT * FROM a RETURNING *) SELECT FROM b;`),
    ],
  },
  {
    name: "rule 7: SKIP LOCKED only where the slot is fixed in the same statement",
    breaks: (routine) =>
      statements(routine).some((text) => /\bskip\s+locked\b/i.test(text) && !/\bslot\s*=\s*[\w.]*slot\b/i.test(text)),
    bad: [
      plpgsql("PERFORM FROM purser.balances b WHERE b.next_change_at < now() FOR UPDATE SKIP LOCKED;"),
      plpgsql("PERFORM FROM purser.holds h WHERE h.slot = p_slot; PERFORM FROM purser.holds FOR UPDATE SKIP LOCKED;"),
    ],
  },
  {
    name: "rule 7: no advisory lock and no LOCK TABLE",
    breaks: inText(/\bpg_(try_)?advisory_|\block\s+table\b/i),
    bad: [plpgsql("PERFORM pg_advisory_xact_lock(p_slot);"), plpgsql("LOCK TABLE purser.holds;")],
  },
  {
    name: "rule 7: no LISTEN and no NOTIFY",
    breaks: inText(/(^|[;\s])(un)?listen\s+\w+\s*($|;)|\bnotify\s+\w+|\bpg_notify\b/i),
    bad: [plpgsql("NOTIFY changes;"), plpgsql("PERFORM pg_notify('a', 'b');"), plpgsql("LISTEN changes;")],
  },
  {
    name: "rule 3: no transaction number and no sequence",
    breaks: inText(/\b(nextval|currval|setval|txid_current\w*|pg_current_xact_id\w*|pg_current_wal\w*|xmin|ctid)\b/i),
    bad: [plpgsql("PERFORM nextval('a');"), plpgsql("PERFORM h.xmin FROM purser.holds h;")],
  },
  {
    name: "A10: no unique violation is caught, and no error told by the name of a constraint",
    breaks: inText(/\b(unique_violation|constraint_name|integrity_constraint_violation)\b|sqlstate\s+''/i),
    bad: [plpgsql("INSERT INTO purser.claims DEFAULT VALUES; EXCEPTION WHEN unique_violation THEN NULL;")],
  },
];

/** Judged apart, because it still has an exception: affected-row counts are wrong on a distributed engine. */
export const countsRows = inText(/\bget\s+(current\s+|stacked\s+)?diagnostics\b|\bfound\b/i);
export const countingFunction = plpgsql("DELETE FROM purser.claims; IF FOUND THEN NULL; END IF;");

/** What keeps tenants apart and callers out. */
export const securityRules: RoutineRule[] = [
  {
    name: "H04: every function pins a search_path that begins with pg_catalog and ends with pg_temp",
    breaks: ({ config }) => {
      const paths = config.filter((setting) => setting.startsWith("search_path="));
      return paths.length !== 1 || !/^search_path=pg_catalog(, (?!pg_temp|public)\w+)*, pg_temp$/.test(paths[0] ?? "");
    },
    bad: [
      plpgsql("NULL;"),
      plpgsql("NULL;", "SET search_path = pg_catalog, purser"),
      plpgsql("NULL;", "SET search_path = pg_temp, pg_catalog, purser"),
      plpgsql("NULL;", "SET search_path = purser, pg_catalog, pg_temp"),
      plpgsql("NULL;", "SET search_path = pg_catalog, public, pg_temp"),
      plpgsql("NULL;", "SET search_path = 'pg_catalog, purser, pg_temp'"),
    ],
  },
  {
    name: "I08: who writes waits five seconds for a lock, whatever the session says, and functions rely on no other setting",
    breaks: ({ config, definer }) => {
      const others = config.filter((setting) => !setting.startsWith("search_path="));
      return others.join() !== (definer ? "lock_timeout=5s" : "");
    },
    bad: [
      plpgsql("NULL;", "SET timezone = 'UTC'"),
      plpgsql("UPDATE purser.holds SET amount = 1;", "SECURITY DEFINER"),
      plpgsql("UPDATE purser.holds SET amount = 1;", "SECURITY DEFINER SET lock_timeout = 0"),
    ],
  },
  {
    name: "purser_writer owns every function, and PUBLIC may call none",
    breaks: ({ owner, callers }) => owner !== "purser_writer" || callers.includes("PUBLIC"),
    bad: [
      plpgsql("NULL;"),
      `${plpgsql("NULL;")}; ALTER FUNCTION purser.bad OWNER TO purser_writer`,
      `${plpgsql("NULL;")}; REVOKE ALL ON FUNCTION purser.bad FROM PUBLIC`,
    ],
  },
  {
    name: "A07: a function that writes, or calls one that does, is VOLATILE",
    breaks: ({ name, volatility }, all) => volatility !== "v" && writers(all).has(name),
    bad: [
      plpgsql("UPDATE purser.holds SET amount = 1;", "STABLE"),
      plpgsql("PERFORM FROM purser.holds FOR NO KEY UPDATE;", "STABLE"),
      plpgsql("PERFORM purser.touch_tenant(1, 'a');", "STABLE"),
      plpgsql("PERFORM purser.consume('a', 'b', 1, 'c');", "STABLE"),
    ],
  },
  {
    name: "a function that only reads runs with its caller's rights",
    breaks: ({ name, definer }, all) => definer && !writers(all).has(name),
    bad: [plpgsql("PERFORM FROM purser.holds;", "SECURITY DEFINER")],
  },
  {
    name: "a function that writes with its caller's rights is nobody's to call, but for the faces",
    breaks: ({ name, definer, callers }, all) =>
      writers(all).has(name) && !definer && !faces.includes(name) && callers.length > 0,
    bad: [`${plpgsql("DELETE FROM purser.claims;")}; GRANT EXECUTE ON FUNCTION purser.bad TO purser_service`],
  },
  {
    name: "purser_tenant and purser_readonly may call what reads and nothing else, purser_service that and the doors",
    breaks: ({ name, definer, callers, volatility }, all) => {
      const reads = ["purser_readonly", "purser_service", "purser_tenant"];
      const door = definer || faces.includes(name);
      const expected = volatility !== "v" && !writers(all).has(name) ? reads : door ? ["purser_service"] : [];
      return callers.join() !== expected.join();
    },
    bad: [
      `${plpgsql("DELETE FROM purser.claims;", "SECURITY DEFINER")}; GRANT EXECUTE ON FUNCTION purser.bad TO purser_tenant`,
      `${plpgsql("NULL;", "STABLE")}; REVOKE ALL ON FUNCTION purser.bad FROM PUBLIC`,
    ],
  },
  {
    name: "H06: no function puts SQL together at run time",
    breaks: inText(/\bexecute\b|\bquery_to_xml|\bdblink/i),
    bad: [plpgsql("EXECUTE 'SELECT 1';")],
  },
];
