-- Directory: look-ups by a key that is not a tenant, so they have no slot and hold little. Local: what belongs to the
-- machinery of one database and to nobody's data.

CREATE TABLE purser.api_keys (
  key_id      text        COLLATE "C" NOT NULL PRIMARY KEY,
  secret_hash bytea       NOT NULL CHECK (length(secret_hash) = 32),
  name        text        NOT NULL,
  mode        text        NOT NULL CHECK (mode IN ('live', 'test')),
  -- NULL: for every tenant of its mode.
  tenant_id   text        COLLATE "C",
  scopes      text[]      NOT NULL,
  created_by  text        NOT NULL,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL DEFAULT 'infinity',
  revoked_at  timestamptz
);

-- A name that a payment provider uses (customer, subscription, price) and what it stands for here.
CREATE TABLE purser.provider_references (
  provider     text COLLATE "C" NOT NULL,
  object_type  text COLLATE "C" NOT NULL,
  object_id    text COLLATE "C" NOT NULL,
  tenant_id    text COLLATE "C",
  refers_to    text NOT NULL,
  recorded_at  timestamptz NOT NULL,
  PRIMARY KEY (provider, object_type, object_id)
);

-- Webhooks as they arrived, kept before they are answered and worked off afterwards, once per provider's event id.
CREATE TABLE purser.webhook_inbox (
  provider     text        COLLATE "C" NOT NULL,
  account      text        COLLATE "C" NOT NULL,
  event_id     text        COLLATE "C" NOT NULL,
  event_type   text        NOT NULL,
  body         bytea       NOT NULL,
  received_at  timestamptz NOT NULL,
  status       text        NOT NULL CHECK (status IN ('received', 'applied', 'ignored', 'quarantined', 'dead')),
  status_why   text,
  attempts     integer     NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  applied_at   timestamptz,
  PRIMARY KEY (provider, account, event_id)
);

CREATE TABLE purser.webhook_endpoints (
  endpoint_id  uuid        NOT NULL PRIMARY KEY,
  url          text        NOT NULL,
  secrets      jsonb       NOT NULL,
  kinds        text[]      NOT NULL,
  tenant_id    text        COLLATE "C",
  status       text        NOT NULL CHECK (status IN ('active', 'paused', 'disabled')),
  created_at   timestamptz NOT NULL
);

-- Every worker and relay leases slots here before it claims rows inside them.
CREATE TABLE purser.slot_leases (
  duty       text        COLLATE "C" NOT NULL,
  slot       integer     NOT NULL CHECK (slot BETWEEN 0 AND 1023),
  holder     uuid        NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (duty, slot)
);

-- Bumped by every command that changes access, read by every process every 300 ms: the cache's staleness bound.
CREATE TABLE purser.slot_epochs (
  slot  integer NOT NULL PRIMARY KEY CHECK (slot BETWEEN 0 AND 1023),
  epoch bigint  NOT NULL CHECK (epoch > 0)
);
