-- Money and what earns it. Amounts are numeric with a currency beside them, rounded to its minor unit once, when a ledger
-- entry is made. A book holds all accounts of one tenant in one currency; its entries are numbered without a gap and
-- chained by hash, so that tenants never wait for each other.

CREATE TABLE purser.usage_events (
  slot         integer     NOT NULL,
  tenant_id    text        COLLATE "C" NOT NULL,
  source       text        COLLATE "C" NOT NULL,
  external_id  text        COLLATE "C" NOT NULL CHECK (external_id <> '' AND length(external_id) <= 200),
  event_type   text        COLLATE "C" NOT NULL,
  subject      text        COLLATE "C" NOT NULL,
  units        numeric(38,6) NOT NULL CHECK (units >= 0 AND units < 1e15),
  credit_cost  numeric(38,6) NOT NULL CHECK (credit_cost >= 0 AND credit_cost < 1e15),
  feature      text        COLLATE "C" NOT NULL,
  balance_version bigint,
  corrects     text        COLLATE "C",
  description  text        NOT NULL DEFAULT '',
  metadata     jsonb       NOT NULL DEFAULT '{}',
  occurred_at  timestamptz NOT NULL,
  recorded_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, source, external_id, slot)
);

-- Sums per quarter of an hour in UTC, because some time zones are off by 30 or 45 minutes.
CREATE TABLE purser.usage_rollups (
  slot        integer     NOT NULL,
  tenant_id   text        COLLATE "C" NOT NULL,
  event_type  text        COLLATE "C" NOT NULL,
  subject     text        COLLATE "C" NOT NULL,
  dimension   text        COLLATE "C" NOT NULL,
  starts_at   timestamptz NOT NULL,
  events      bigint      NOT NULL,
  units       numeric(38,6) NOT NULL,
  credit_cost numeric(38,6) NOT NULL,
  PRIMARY KEY (tenant_id, event_type, subject, dimension, starts_at, slot)
);

CREATE TABLE purser.value_events (
  slot                 integer     NOT NULL,
  tenant_id            text        COLLATE "C" NOT NULL,
  value_event_id       uuid        NOT NULL,
  idempotency_key      text        COLLATE "C" NOT NULL CHECK (idempotency_key <> '' AND length(idempotency_key) <= 200),
  event_type           text        COLLATE "C" NOT NULL,
  event_code           text,
  party_id             text,
  individual_id        text,
  actor_type           text,
  related_entity_type  text,
  related_entity_id    text,
  base_amount          numeric(38,12) NOT NULL CHECK (base_amount >= 0 AND base_amount < 1e18),
  scarcity_multiplier  numeric(18,6)  NOT NULL CHECK (scarcity_multiplier >= 0 AND scarcity_multiplier < 1e9),
  urgency_multiplier   numeric(18,6)  NOT NULL CHECK (urgency_multiplier >= 0 AND urgency_multiplier < 1e9),
  final_amount         numeric(38,12) NOT NULL CHECK (final_amount >= 0 AND final_amount < 1e24),
  currency             text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  is_billable          boolean     NOT NULL,
  entry_id             uuid,
  description          text        NOT NULL,
  metadata             jsonb       NOT NULL DEFAULT '{}',
  occurred_at          timestamptz NOT NULL,
  recorded_at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, value_event_id, slot),
  UNIQUE (tenant_id, idempotency_key, slot)
);

CREATE TABLE purser.value_event_waivers (
  slot           integer     NOT NULL,
  tenant_id      text        COLLATE "C" NOT NULL,
  value_event_id uuid        NOT NULL,
  reason         text        NOT NULL CHECK (reason <> ''),
  waived_by      text        NOT NULL CHECK (waived_by <> ''),
  reversal_entry_id uuid,
  waived_at      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, value_event_id, slot)
);

CREATE TABLE purser.books (
  slot       integer     NOT NULL,
  tenant_id  text        COLLATE "C" NOT NULL,
  currency   text        COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  book_id    uuid        NOT NULL,
  -- The number and the hash of the newest entry: the head of the chain.
  sequence   bigint      NOT NULL CHECK (sequence >= 0),
  head_hash  bytea       NOT NULL CHECK (length(head_hash) = 32),
  opened_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, currency, slot)
) WITH (fillfactor = 70);

CREATE TABLE purser.accounts (
  slot      integer NOT NULL,
  tenant_id text    COLLATE "C" NOT NULL,
  currency  text    COLLATE "C" NOT NULL,
  account   text    COLLATE "C" NOT NULL CHECK (account IN
              ('receivable', 'revenue', 'cash', 'credits_given', 'refunds', 'adjustments', 'writeoffs')),
  -- Debits less credits, of posted entries and of pending ones.
  posted    numeric(38,12) NOT NULL CHECK (abs(posted) < 1e24),
  pending   numeric(38,12) NOT NULL CHECK (abs(pending) < 1e24),
  sequence  bigint  NOT NULL CHECK (sequence >= 0),
  PRIMARY KEY (tenant_id, currency, account, slot)
) WITH (fillfactor = 70);

CREATE TABLE purser.ledger_entries (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  currency        text        COLLATE "C" NOT NULL,
  sequence        bigint      NOT NULL CHECK (sequence > 0),
  entry_id        uuid        NOT NULL,
  idempotency_key text        COLLATE "C" NOT NULL CHECK (idempotency_key <> '' AND length(idempotency_key) <= 200),
  entry_type      text        NOT NULL CHECK (entry_type IN
                    ('charge', 'payment', 'credit', 'adjustment', 'refund', 'writeoff', 'payout', 'reversal')),
  -- A pending entry is followed by a post or a void that names it; nothing changes in place.
  phase           text        NOT NULL CHECK (phase IN ('posted', 'pending', 'post', 'void')),
  debit_account   text        COLLATE "C" NOT NULL,
  credit_account  text        COLLATE "C" NOT NULL,
  amount          numeric(38,12) NOT NULL CHECK (amount > 0 AND amount < 1e18),
  names_entry_id  uuid,
  debit_sequence  bigint      NOT NULL,
  credit_sequence bigint      NOT NULL,
  debit_after     numeric(38,12) NOT NULL,
  credit_after    numeric(38,12) NOT NULL,
  cause_type      text        NOT NULL,
  cause_id        text        NOT NULL,
  party_id        text,
  individual_id   text,
  line_item_code  text,
  description     text        NOT NULL,
  period_starts_at timestamptz,
  period_ends_at  timestamptz,
  payment_method  text,
  payment_reference text,
  metadata        jsonb       NOT NULL DEFAULT '{}',
  text_salt       bytea       NOT NULL,
  text_hash       bytea       NOT NULL,
  previous_hash   bytea       NOT NULL CHECK (length(previous_hash) = 32),
  entry_hash      bytea       NOT NULL CHECK (length(entry_hash) = 32),
  occurred_at     timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, currency, sequence, slot),
  UNIQUE (tenant_id, entry_id, slot),
  UNIQUE (tenant_id, idempotency_key, slot),
  CHECK (debit_account <> credit_account),
  CHECK ((phase IN ('post', 'void') OR entry_type = 'reversal') = (names_entry_id IS NOT NULL))
);

CREATE TABLE purser.invoices (
  slot        integer     NOT NULL,
  tenant_id   text        COLLATE "C" NOT NULL,
  invoice_id  uuid        NOT NULL,
  currency    text        COLLATE "C" NOT NULL,
  document    text        NOT NULL CHECK (document IN ('invoice', 'void')),
  names_invoice_id uuid,
  period_starts_at timestamptz NOT NULL,
  period_ends_at   timestamptz NOT NULL,
  total       numeric(38,12) NOT NULL CHECK (abs(total) < 1e24),
  closed_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, invoice_id, slot),
  CHECK (period_starts_at < period_ends_at)
);

CREATE TABLE purser.invoice_lines (
  slot       integer NOT NULL,
  tenant_id  text    COLLATE "C" NOT NULL,
  entry_id   uuid    NOT NULL,
  invoice_id uuid    NOT NULL,
  line_no    integer NOT NULL CHECK (line_no > 0),
  amount     numeric(38,12) NOT NULL CHECK (abs(amount) < 1e24),
  -- An entry is invoiced once.
  PRIMARY KEY (tenant_id, entry_id, slot),
  UNIQUE (tenant_id, invoice_id, line_no, slot)
);

-- Numbers are given by a separate command, gap-free per issuer; the issuer is no tenant, so this is a directory table.
CREATE TABLE purser.invoice_numbers (
  issuer     text   COLLATE "C" NOT NULL,
  number     bigint NOT NULL CHECK (number > 0),
  tenant_id  text   COLLATE "C" NOT NULL,
  invoice_id uuid   NOT NULL UNIQUE,
  numbered_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, number)
);
