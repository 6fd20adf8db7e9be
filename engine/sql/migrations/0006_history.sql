-- What is told to others and what is kept for the record.

-- What has happened and was told to nobody yet: one row a balance and call, or another fact, in the transaction of the change
-- it tells of. A relay takes the rows of a slot from here, names and numbers them and puts them into changes. Written by every
-- consumption, hence no key, one narrow index that grows at its end, and what has a fixed width first.
CREATE TABLE purser.outbox (
  recorded_at  timestamptz NOT NULL,
  version      bigint      NOT NULL,
  slot         integer     NOT NULL,
  -- balance, access, subscription, ledger or tenant; and what changed it: purchase_grant, plan_grant, consumption,
  -- boundary_recompute, manual_refresh, transition, override or ledger.
  kind         text        NOT NULL,
  source       text        NOT NULL,
  tenant_id    text        COLLATE "C" NOT NULL,
  subject      text        COLLATE "C" NOT NULL,
  features     text[]      NOT NULL
);
ALTER TABLE purser.outbox REPLICA IDENTITY FULL;

-- What was published, in the order in which it was: readers follow published_no, which has no gaps within a slot, and never
-- the order in which something happened.
CREATE TABLE purser.changes (
  slot         integer     NOT NULL,
  published_no bigint      NOT NULL,
  tenant_id    text        COLLATE "C" NOT NULL,
  change_id    uuid        NOT NULL,
  kind         text        NOT NULL,
  source       text        NOT NULL,
  subject      text        COLLATE "C" NOT NULL,
  features     text[]      NOT NULL,
  version      bigint      NOT NULL,
  recorded_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, change_id, slot)
);

-- Every change made by an operator, a key or a webhook, in the transaction of that change.
CREATE TABLE purser.audit_log (
  slot        integer     NOT NULL,
  tenant_id   text        COLLATE "C" NOT NULL,
  audit_id    uuid        NOT NULL,
  actor       text        NOT NULL,
  action      text        NOT NULL,
  target      text        NOT NULL,
  before      jsonb,
  after       jsonb,
  request_id  text,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, audit_id, slot)
);

-- Who asked what and was told what: written off the hot path, best effort, partitioned so that a month can be dropped.
CREATE TABLE purser.check_audit (
  slot        integer     NOT NULL,
  tenant_id   text        COLLATE "C" NOT NULL,
  check_id    uuid        NOT NULL,
  subject     text        COLLATE "C" NOT NULL,
  feature     text        NOT NULL,
  allowed     boolean     NOT NULL,
  reason      text        NOT NULL,
  cached      boolean     NOT NULL,
  version     bigint,
  user_agent  text,
  ip          text,
  request_id  text,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, recorded_at, check_id, slot)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE purser.check_audit_default PARTITION OF purser.check_audit DEFAULT;

-- The answers of commands that carry a key and have no fact row to find it by, with what was asked, so that the same key
-- with another question is noticed and the differing field named.
CREATE TABLE purser.command_keys (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  idempotency_key text        COLLATE "C" NOT NULL CHECK (idempotency_key <> '' AND length(idempotency_key) <= 200),
  command         text        NOT NULL,
  input_hash      bytea       NOT NULL CHECK (length(input_hash) = 32),
  input           jsonb       NOT NULL,
  answer          jsonb       NOT NULL,
  recorded_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, idempotency_key, slot)
);

CREATE TABLE purser.webhook_deliveries (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  delivery_id     uuid        NOT NULL,
  endpoint_id     uuid        NOT NULL,
  change_id       uuid        NOT NULL,
  status          text        NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'dead')),
  attempts        integer     NOT NULL DEFAULT 0,
  response_status integer,
  next_attempt_at timestamptz,
  recorded_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, delivery_id, slot),
  UNIQUE (tenant_id, endpoint_id, change_id, slot)
);
