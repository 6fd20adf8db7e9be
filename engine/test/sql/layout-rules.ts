// The rules of the layout that a distributed engine and the isolation of tenants stand on, each as a question to the
// catalogue. The numbers are those of the rules for many machines.
import type { CatalogueRule } from "./connection.ts";

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/**
 * What each table is. A *tenant* table holds what one tenant owns and is placed by its slot. A *catalogue* table says what
 * is sold, is the same for every tenant and stands whole on every node. A *directory* is looked up by a key that is no
 * tenant. A *local* table belongs to the machinery of one database.
 */
export const classes: { readonly [name: string]: readonly string[] } = {
  tenant: words(`
    tenants test_clocks subscriptions subscription_periods transitions entitlements restrictions overrides purchases
    scheduled_actions allowances grants grant_voids balances balance_facts burns allocations open_grants holds hold_pins claims
    resource_snapshots usage_events usage_rollups value_events value_event_waivers books accounts ledger_entries invoices
    invoice_lines outbox changes audit_log check_audit command_keys webhook_deliveries`),
  catalogue: words(`
    catalog_revisions tiers features capabilities plans plan_versions plan_inclusions products product_versions
    product_inclusions usage_event_types rates value_event_types`),
  directory: words("api_keys console_sessions provider_references webhook_inbox webhook_endpoints invoice_numbers"),
  local: words("slot_leases slot_epochs schema_migrations schema_files"),
};

/** Written by every hot command: each foreign key is one more row lock for each of them. */
const hotFacts = words("balance_facts burns allocations outbox usage_events check_audit value_events ledger_entries");
/** Unique indexes of tenant tables that do not begin with the tenant: the relay numbers what it publishes by slot. */
const bySlotFirst = ["changes_published"];
/** Tenant tables without a key: rows are only added, and taken away by whoever has taken them over. */
const withoutKey = ["outbox"];
/** Tables whose rows are updated in place and need room on their page for it. */
const updatedInPlace = ["balances", "books", "accounts"];

/** Written by every consumption, by three statements: their constraints are read from their texts each time. */
const consumed = ["balances", "balance_facts", "outbox"];

const list = (names: readonly string[]) => `ARRAY[${names.map((name) => `'${name}'`).join(", ")}]::text[]`;

/** Temporary views for the questions below; a partition is what its parent is. */
export const views = `
CREATE TEMP TABLE class_of AS
  SELECT c.key AS class, t.name FROM jsonb_each('${JSON.stringify(classes)}'::jsonb) c,
         LATERAL jsonb_array_elements_text(c.value) t (name);
CREATE TEMP VIEW t AS
  SELECT c.oid, c.relname::text AS name, k.class, c.relkind, c.relispartition, c.relowner, c.relrowsecurity,
         c.relforcerowsecurity, c.reloptions, r.relname::text AS root
  FROM pg_class c
  JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
  LEFT JOIN class_of k ON k.name = r.relname
  WHERE c.relnamespace = 'purser'::regnamespace AND c.relkind IN ('r', 'p', 'f');
CREATE TEMP VIEW col AS
  SELECT t.oid, t.name AS table_name, t.class, a.attname::text AS name, a.attnum, y.typname::text AS type, a.attnotnull,
         a.atthasdef, a.attidentity, a.attgenerated, a.atttypmod, l.collname::text AS collation,
         coalesce(e.typname, b.typname, y.typname)::text AS base_type
  FROM t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN pg_type e ON e.oid = y.typelem AND y.typcategory = 'A'
  LEFT JOIN pg_type b ON b.oid = nullif(y.typbasetype, 0)
  LEFT JOIN pg_collation l ON l.oid = a.attcollation;
CREATE TEMP VIEW keys AS
  SELECT t.name AS table_name, t.class, t.relispartition, c.relname::text AS name, i.indisprimary, i.indisunique,
         ARRAY(SELECT coalesce(a.attname, '(expression)')::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, place)
               LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum AND k.attnum > 0
               WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS columns
  FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid;
CREATE TEMP VIEW fk AS
  SELECT k.conname::text AS name, t.name AS table_name, t.class, f.name AS foreign_name, f.class AS foreign_class,
         ARRAY(SELECT a.attname || '=' || b.attname FROM unnest(k.conkey, k.confkey) p (here, there)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.here
               JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = p.there) AS columns
  FROM pg_constraint k JOIN t ON t.oid = k.conrelid JOIN t f ON f.oid = k.confrelid
  WHERE k.contype = 'f' AND k.conparentid = 0;`;

export const layoutRules: CatalogueRule[] = [
  {
    name: "rule 0: every table is in one of the four classes",
    find: `SELECT name || ' is in no class. Decide what it is and name it in layout-rules.ts: does a tenant own its rows (tenant:'
             || ' with a slot), is it what is sold (catalogue), a look-up by another key (directory), or machinery (local)?'
           FROM t WHERE class IS NULL
           UNION ALL SELECT k.name || ' is named in a class and does not exist' FROM class_of k WHERE k.name NOT IN (SELECT name FROM t)`,
    bad: [
      ["CREATE TABLE purser.coupons (code text)", "coupons is in no class. Decide"],
      ["DROP TABLE purser.slot_leases", "slot_leases is named in a class and does not exist"],
    ],
  },
  {
    name: "rule 1: every tenant table has slot integer not null, plain, without a default",
    find: `SELECT t.name || ' has no plain slot integer not null' FROM t
           LEFT JOIN col c ON c.oid = t.oid AND c.name = 'slot'
           WHERE t.class = 'tenant' AND (c.type = 'int4' AND c.attnotnull AND NOT c.atthasdef AND c.attidentity = ''
                                         AND c.attgenerated = '') IS NOT TRUE`,
    bad: [
      ["ALTER TABLE purser.claims ALTER slot SET DEFAULT 0", "claims has no plain slot"],
      ["ALTER TABLE purser.invoices ALTER slot TYPE bigint", "invoices has no plain slot"],
      ["ALTER TABLE purser.audit_log DROP COLUMN slot", "audit_log has no plain slot"],
      [
        "ALTER TABLE purser.audit_log DROP COLUMN slot, ADD slot integer NOT NULL GENERATED ALWAYS AS (length(actor) % 1024) STORED",
        "audit_log has no plain slot",
      ],
      [
        "ALTER TABLE purser.audit_log DROP CONSTRAINT audit_log_pkey, ALTER slot DROP NOT NULL",
        "audit_log has no plain slot",
      ],
    ],
  },
  {
    name: "rule 1: tenant_id is the first column of every tenant table's primary key, and the slot is in it",
    find: `SELECT t.name || ' has no primary key of tenant_id … slot' FROM t
           LEFT JOIN keys k ON k.table_name = t.name AND k.indisprimary
           WHERE t.class = 'tenant' AND t.name <> ALL (${list(withoutKey)})
             AND (k.columns[1] = 'tenant_id' AND 'slot' = ANY (k.columns)) IS NOT TRUE`,
    bad: [
      ["ALTER TABLE purser.burns DROP CONSTRAINT burns_pkey", "burns has no primary key"],
      [
        "ALTER TABLE purser.burns DROP CONSTRAINT burns_pkey, ADD PRIMARY KEY (slot, tenant_id, grant_id)",
        "burns has no primary key",
      ],
      [
        "ALTER TABLE purser.burns DROP CONSTRAINT burns_pkey, ADD PRIMARY KEY (tenant_id, grant_id)",
        "burns has no primary",
      ],
    ],
  },
  {
    name: "rule 1: every unique index of a tenant table begins with tenant_id and contains the slot",
    find: `SELECT name || ' on ' || table_name || ' is unique over ' || array_to_string(columns, ', ') FROM keys
           WHERE class = 'tenant' AND indisunique
             AND NOT ('slot' = ANY (columns) AND columns[1] = CASE WHEN name = ANY (${list(bySlotFirst)}) THEN 'slot' ELSE 'tenant_id' END)`,
    bad: [
      [
        "CREATE UNIQUE INDEX one ON purser.holds (tenant_id, hold_key)",
        "one on holds is unique over tenant_id, hold_key",
      ],
      ["CREATE UNIQUE INDEX one ON purser.holds (hold_key, slot)", "one on holds is unique over hold_key, slot"],
      [
        "CREATE UNIQUE INDEX one ON purser.holds (lower(tenant_id), slot)",
        "one on holds is unique over (expression), slot",
      ],
    ],
  },
  {
    name: "rule 1, H05: every foreign key between tenant tables takes tenant_id and slot along",
    find: `SELECT table_name || ' refers to ' || foreign_name || ' by ' || array_to_string(columns, ', ') FROM fk
           WHERE class = 'tenant' AND NOT columns @> ARRAY['tenant_id=tenant_id', 'slot=slot']`,
    bad: [
      [
        "CREATE UNIQUE INDEX one ON purser.holds (hold_key); ALTER TABLE purser.hold_pins ADD FOREIGN KEY (hold_key) REFERENCES purser.holds (hold_key)",
        "hold_pins refers to holds by hold_key=hold_key",
      ],
    ],
  },
  {
    name: "rules 1, 4: no foreign key crosses from one class into another",
    find: `SELECT table_name || ' (' || class || ') refers to ' || foreign_name || ' (' || foreign_class || ')' FROM fk
           WHERE class IS DISTINCT FROM foreign_class`,
    bad: [
      [
        "ALTER TABLE purser.grants ADD FOREIGN KEY (feature) REFERENCES purser.features",
        "grants (tenant) refers to features",
      ],
    ],
  },
  {
    name: "rule 3: no serial, no identity, no sequence",
    find: `SELECT 'sequence ' || relname FROM pg_class WHERE relnamespace = 'purser'::regnamespace AND relkind = 'S'
           UNION ALL SELECT table_name || '.' || name || ' is an identity' FROM col WHERE attidentity <> ''`,
    bad: [
      ["CREATE SEQUENCE purser.counter", "sequence counter"],
      ["CREATE TABLE purser.bad (n serial)", "sequence bad_n_seq"],
      ["CREATE TABLE purser.bad (n int GENERATED BY DEFAULT AS IDENTITY)", "bad.n is an identity"],
    ],
  },
  {
    name: "rule 3: no transaction number, log position or row address in a row",
    find: `SELECT table_name || '.' || name || ' is ' || type FROM col
           WHERE base_type IN ('xid', 'xid8', 'cid', 'tid', 'pg_lsn', 'pg_snapshot', 'txid_snapshot')`,
    bad: [
      ["ALTER TABLE purser.changes ADD seen xid8", "changes.seen is xid8"],
      ["ALTER TABLE purser.changes ADD seen pg_lsn[]", "changes.seen is _pg_lsn"],
    ],
  },
  {
    name: "rules 0, 4: catalogue and directory tables have no slot",
    find: `SELECT table_name || ' is a ' || class || ' table with a slot' FROM col WHERE name = 'slot' AND class IN ('catalogue', 'directory')`,
    bad: [["ALTER TABLE purser.plans ADD slot int", "plans is a catalogue table with a slot"]],
  },
  {
    name: "rule 6: hot facts have at most one foreign key",
    find: `SELECT table_name || ' has ' || count(*) || ' foreign keys' FROM fk WHERE table_name = ANY (${list(hotFacts)})
           GROUP BY table_name HAVING count(*) > 1`,
    bad: [
      [
        "ALTER TABLE purser.ledger_entries ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot)",
        "ledger_entries has 2 foreign keys",
      ],
    ],
  },
  {
    name: "rule 6, S000-10, S002-11, H02: row-level security is enabled and not forced wherever there is a tenant, partitions too",
    find: `SELECT t.name || CASE WHEN relrowsecurity THEN ' forces' ELSE ' lacks' END || ' row-level security'
           FROM t JOIN col c ON c.oid = t.oid AND c.name = 'tenant_id' WHERE NOT relrowsecurity OR relforcerowsecurity`,
    bad: [
      ["ALTER TABLE purser.holds FORCE ROW LEVEL SECURITY", "holds forces row-level security"],
      ["ALTER TABLE purser.holds DISABLE ROW LEVEL SECURITY", "holds lacks row-level security"],
      [
        "CREATE TABLE purser.check_audit_2030 PARTITION OF purser.check_audit FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
        "check_audit_2030 lacks row-level security",
      ],
    ],
  },
  {
    name: "S000-10, S002-11: the policies of every table with a tenant are the same three",
    find: `SELECT t.name || ' has the policies ' || coalesce(p.policies, 'none')
           FROM t JOIN col c ON c.oid = t.oid AND c.name = 'tenant_id'
           LEFT JOIN LATERAL (
             SELECT string_agg(concat_ws(' ', polname, polcmd, (SELECT string_agg(r::text, ',' ORDER BY r::text)
                      FROM unnest(polroles::regrole[]) r), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),
                      CASE WHEN polpermissive THEN 'permissive' END), '; ' ORDER BY polname) AS policies
             FROM pg_policy WHERE polrelid = t.oid) p ON true
           WHERE p.policies IS DISTINCT FROM 'all_tenants r purser_readonly,purser_service true permissive; '
             'every_row * purser_writer true true permissive; own_tenant r purser_tenant '
             '(tenant_id = NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text)) permissive'`,
    bad: [
      ["CREATE POLICY more ON purser.holds FOR SELECT TO purser_tenant USING (true)", "holds has the policies"],
      ["ALTER POLICY own_tenant ON purser.holds TO PUBLIC", "holds has the policies"],
      [
        "ALTER POLICY own_tenant ON purser.holds USING (current_setting('app.tenant_id', true) IN (tenant_id, '*'))",
        "holds has",
      ],
      ["DROP POLICY own_tenant ON purser.holds", "holds has the policies"],
    ],
  },
  {
    name: "rule 6: purser_owner owns the schema, every table, index and view",
    find: `SELECT c.relname || ' belongs to ' || c.relowner::regrole FROM pg_class c
           WHERE c.relnamespace = 'purser'::regnamespace AND c.relowner <> 'purser_owner'::regrole
           UNION ALL SELECT 'the schema belongs to ' || nspowner::regrole FROM pg_namespace
           WHERE nspname = 'purser' AND nspowner <> 'purser_owner'::regrole`,
    bad: [
      ["ALTER TABLE purser.holds OWNER TO purser_writer", "holds belongs to purser_writer"],
      ["ALTER SCHEMA purser OWNER TO purser_writer", "the schema belongs to purser_writer"],
    ],
  },
  {
    name: "rule 3: a default in a tenant table is a constant",
    find: `SELECT c.table_name || '.' || c.name || ' defaults to ' || pg_get_expr(d.adbin, d.adrelid)
           FROM col c JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = c.attnum
           WHERE c.class = 'tenant' AND pg_get_expr(d.adbin, d.adrelid) !~ '^(''[^'']*''(::[a-z ]+)?|-?[0-9.]+|true|false)$'`,
    bad: [
      [
        "ALTER TABLE purser.holds ALTER hold_key SET DEFAULT gen_random_uuid()",
        "holds.hold_key defaults to gen_random_uuid()",
      ],
      ["ALTER TABLE purser.holds ALTER reserved_at SET DEFAULT now()", "holds.reserved_at defaults to now()"],
      [
        "ALTER TABLE purser.holds ALTER reserved_at SET DEFAULT current_timestamp",
        "holds.reserved_at defaults to CURRENT",
      ],
    ],
  },
  {
    name: 'every text column of a key is COLLATE "C"',
    find: `SELECT DISTINCT c.table_name || '.' || c.name || ' is a key in collation ' || c.collation FROM col c
           JOIN keys k ON k.table_name = c.table_name AND k.indisunique AND c.name = ANY (k.columns)
           WHERE c.base_type IN ('text', 'varchar', 'bpchar', 'name', 'citext') AND c.collation <> 'C'`,
    bad: [
      [
        "ALTER TABLE purser.holds ADD word text, ADD UNIQUE (tenant_id, word, slot)",
        "holds.word is a key in collation default",
      ],
    ],
  },
  {
    name: "B05: instants are timestamptz; no timestamp, date or time without a zone",
    find: `SELECT table_name || '.' || name || ' is ' || type FROM col WHERE base_type IN ('timestamp', 'date', 'time', 'timetz', 'abstime')`,
    bad: [
      ["ALTER TABLE purser.holds ADD at timestamp", "holds.at is timestamp"],
      ["ALTER TABLE purser.plans ADD day date", "plans.day is date"],
      ["ALTER TABLE purser.plans ADD at timestamp[]", "plans.at is _timestamp"],
    ],
  },
  {
    name: "quantities and money are numeric with a precision; no float, no money",
    find: `SELECT table_name || '.' || name || ' is ' || type FROM col
           WHERE base_type IN ('float4', 'float8', 'money') OR base_type = 'numeric' AND atttypmod < 0`,
    bad: [
      ["ALTER TABLE purser.holds ADD part real", "holds.part is float4"],
      ["ALTER TABLE purser.holds ADD part double precision", "holds.part is float8"],
      ["ALTER TABLE purser.holds ADD price money", "holds.price is money"],
      ["ALTER TABLE purser.holds ADD price numeric", "holds.price is numeric"],
    ],
  },
  {
    name: "S000-11: no trigger but those that carry out foreign keys, and no rewrite rule",
    find: `SELECT g.tgname || ' is a trigger on ' || t.name FROM t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
           UNION ALL SELECT w.rulename || ' is a rule on ' || t.name FROM t JOIN pg_rewrite w ON w.ev_class = t.oid
           UNION ALL SELECT proname || ' is a trigger function' FROM pg_proc
             WHERE pronamespace = 'purser'::regnamespace AND prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)`,
    bad: [
      [
        "CREATE TRIGGER t BEFORE INSERT ON purser.holds EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "t is a trigger on holds",
      ],
      ["CREATE RULE r AS ON INSERT TO purser.holds DO ALSO NOTHING", "r is a rule on holds"],
      [
        "CREATE FUNCTION purser.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "f is a trigger function",
      ],
    ],
  },
  {
    name: "S001-1: no name was cut off at the 63 bytes PostgreSQL keeps",
    find: `SELECT n.name || ' may have been cut off' FROM (
             SELECT relname::text FROM pg_class WHERE relnamespace = 'purser'::regnamespace
             UNION ALL SELECT name FROM col
             UNION ALL SELECT conname FROM pg_constraint WHERE connamespace = 'purser'::regnamespace AND contype <> 'f'
             UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'purser'::regnamespace
             UNION ALL SELECT polname FROM pg_policy) n (name)
           WHERE octet_length(n.name) >= 63`,
    bad: [
      [`CREATE TABLE purser.${"long_".repeat(14)} ()`, "long_long_"],
      [`ALTER TABLE purser.holds ADD ${"wide_".repeat(14)} int`, "wide_wide_"],
    ],
  },
  {
    name: "no enumeration, domain, range, exclusion, inheritance or foreign table, and no CHECK of one column on what every consumption writes",
    find: `SELECT typname || ' is a type of its own' FROM pg_type WHERE typnamespace = 'purser'::regnamespace AND typtype IN ('e', 'd', 'r', 'm')
           UNION ALL SELECT table_name || ' has a CHECK of one column'
             FROM (SELECT c.conrelid::regclass::text AS table_name, c.conkey FROM pg_constraint c
                   WHERE c.contype = 'c' AND c.conrelid IN (SELECT to_regclass('purser.' || hot) FROM unnest(${list(consumed)}) hot)) k
             WHERE cardinality(conkey) = 1
           UNION ALL SELECT conname || ' excludes' FROM pg_constraint WHERE connamespace = 'purser'::regnamespace AND contype = 'x'
           UNION ALL SELECT t.name || ' inherits' FROM t JOIN pg_inherits i ON i.inhrelid = t.oid WHERE NOT t.relispartition
           UNION ALL SELECT t.name || ' is foreign' FROM t WHERE t.relkind = 'f'`,
    bad: [
      ["CREATE TYPE purser.mood AS ENUM ('good')", "mood is a type of its own"],
      ["CREATE DOMAIN purser.word AS text", "word is a type of its own"],
      ["ALTER TABLE purser.outbox ADD CHECK (version > 0)", "outbox has a CHECK of one column"],
      ["ALTER TABLE purser.claims ADD CONSTRAINT apart EXCLUDE (resource WITH =)", "apart excludes"],
      ["CREATE TABLE purser.more () INHERITS (purser.claims)", "more inherits"],
    ],
  },
  {
    name: "tables updated in place leave room on their pages",
    find: `SELECT name || ' has no fill factor of 70' FROM t
           WHERE name = ANY (${list(updatedInPlace)}) AND 'fillfactor=70' <> ALL (coalesce(reloptions, '{}'))`,
    bad: [["ALTER TABLE purser.balances RESET (fillfactor)", "balances has no fill factor"]],
  },
];
