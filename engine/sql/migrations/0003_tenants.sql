-- Who the tenants are and what they have been promised: dated rows, half open [effective_at, ends_at). The future is
-- written when it is decided, so no question about access ever waits for a worker.
--
-- Every tenant-owned table carries slot, a stable hash of the tenant's id (purser.slot_of), in its primary key, every
-- unique index and every foreign key. tenant_id comes first, so that plain look-ups by tenant are indexed; the slot is
-- what a distributed engine places rows by.

CREATE TABLE purser.tenants (
  slot        integer     NOT NULL CHECK (slot BETWEEN 0 AND 1023),
  tenant_id   text        COLLATE "C" NOT NULL CHECK (tenant_id <> '' AND length(tenant_id) <= 200),
  name        text        NOT NULL DEFAULT '',
  mode        text        COLLATE "C" NOT NULL CHECK (mode IN ('live', 'test')),
  time_zone   text        NOT NULL,
  currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Counts the changes of access; a cached answer is valid for one version only.
  version     bigint      NOT NULL CHECK (version > 0),
  created_at  timestamptz NOT NULL,
  erased_at   timestamptz,
  metadata    jsonb       NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, slot),
  -- Lets a test clock prove by foreign key that its tenant is a test tenant.
  UNIQUE (tenant_id, mode, slot)
);

-- Only a test tenant can have a clock of its own, and it only moves forward.
CREATE TABLE purser.test_clocks (
  slot       integer     NOT NULL,
  tenant_id  text        COLLATE "C" NOT NULL,
  mode       text        COLLATE "C" NOT NULL DEFAULT 'test' CHECK (mode = 'test'),
  now_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, slot)
);

CREATE TABLE purser.subscriptions (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  subscription_id uuid        NOT NULL,
  addon           boolean     NOT NULL DEFAULT false,
  quantity        integer     NOT NULL DEFAULT 1 CHECK (quantity BETWEEN 1 AND 1000000),
  billing_anchor  timestamptz NOT NULL,
  provider        text,
  provider_id     text,
  created_at      timestamptz NOT NULL,
  version         bigint      NOT NULL CHECK (version > 0),
  PRIMARY KEY (tenant_id, subscription_id, slot)
);

-- The history and the known future of a subscription; its rows tile without gap or overlap.
CREATE TABLE purser.subscription_periods (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  subscription_id uuid        NOT NULL,
  effective_at    timestamptz NOT NULL,
  ends_at         timestamptz NOT NULL,
  status          text        NOT NULL CHECK (status IN
                    ('trialing', 'active', 'past_due', 'paused', 'suspended', 'canceled', 'expired')),
  -- Why nothing of it may be used while this period lasts; NULL where it may.
  denied_reason   text        CHECK (denied_reason IN ('TENANT_SUSPENDED', 'SUBSCRIPTION_INACTIVE', 'TRIAL_EXPIRED',
                    'PAYMENT_PAST_DUE', 'GRACE_PERIOD_EXPIRED')),
  plan            text        COLLATE "C" NOT NULL,
  plan_version    integer     NOT NULL,
  tier            text        COLLATE "C" NOT NULL,
  tier_rank       integer     NOT NULL,
  PRIMARY KEY (tenant_id, subscription_id, effective_at, slot),
  CHECK (effective_at < ends_at)
);

CREATE TABLE purser.transitions (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  transition_id   uuid        NOT NULL,
  subscription_id uuid        NOT NULL,
  kind            text        NOT NULL CHECK (kind IN ('subscribe', 'upgrade', 'downgrade', 'lateral', 'suspension',
                    'resume', 'cancel')),
  from_plan       text        COLLATE "C",
  from_version    integer,
  to_plan         text        COLLATE "C",
  to_version      integer,
  reason          text        NOT NULL DEFAULT '',
  requested_by    text        NOT NULL,
  requested_at    timestamptz NOT NULL,
  effective_at    timestamptz NOT NULL,
  grace_ends_at   timestamptz,
  status          text        NOT NULL CHECK (status IN ('pending', 'effective', 'cancelled', 'superseded')),
  PRIMARY KEY (tenant_id, transition_id, slot)
);

-- What a subscription says about each feature of the catalogue, copied when it was decided: also about those it denies,
-- so that a denial can name the tier that would allow it without reading the catalogue.
CREATE TABLE purser.entitlements (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  feature         text        COLLATE "C" NOT NULL,
  subscription_id uuid        NOT NULL,
  effective_at    timestamptz NOT NULL,
  ends_at         timestamptz NOT NULL,
  kind            text        NOT NULL CHECK (kind IN ('flag', 'value', 'capacity', 'metered', 'credits')),
  enforcement     text        NOT NULL CHECK (enforcement IN ('hard', 'soft', 'observe')),
  per             text        NOT NULL CHECK (per IN ('tenant', 'subject')),
  denied_reason   text        CHECK (denied_reason IN ('TIER_INSUFFICIENT', 'NOT_INCLUDED')),
  tier            text        COLLATE "C" NOT NULL,
  required_tier   text        COLLATE "C",
  value           jsonb,
  unlimited       boolean     NOT NULL DEFAULT false,
  always_on       boolean     NOT NULL DEFAULT false,
  plan            text        COLLATE "C" NOT NULL,
  plan_version    integer     NOT NULL,
  PRIMARY KEY (tenant_id, feature, subscription_id, effective_at, slot),
  CHECK (effective_at < ends_at)
);

CREATE TABLE purser.restrictions (
  slot           integer     NOT NULL,
  tenant_id      text        COLLATE "C" NOT NULL,
  restriction_id uuid        NOT NULL,
  feature        text        COLLATE "C" NOT NULL,
  mode           text        NOT NULL CHECK (mode IN ('disabled', 'frozen', 'degraded')),
  degraded_value jsonb,
  -- The transition it belongs to; NULL where an operator restricts by hand.
  transition_id  uuid,
  -- The tenant's version that writing it made: of two amounts or values at the same time the last one written holds.
  written_version bigint     NOT NULL,
  effective_at   timestamptz NOT NULL,
  ends_at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, restriction_id, slot),
  CHECK (effective_at <= ends_at),
  CHECK ((mode = 'degraded') = (degraded_value IS NOT NULL))
);

CREATE TABLE purser.overrides (
  slot           integer     NOT NULL,
  tenant_id      text        COLLATE "C" NOT NULL,
  override_id    uuid        NOT NULL,
  feature        text        COLLATE "C" NOT NULL,
  effect         text        NOT NULL CHECK (effect IN ('allow', 'deny')),
  value          jsonb,
  amount         numeric(38,6) CHECK (amount >= 0 AND amount < 1e15),
  unlimited      boolean     NOT NULL DEFAULT false,
  original_value jsonb,
  reason         text        NOT NULL CHECK (reason IN ('emergency', 'incident', 'compliance', 'sales', 'support')),
  note           text        NOT NULL DEFAULT '',
  created_by     text        NOT NULL,
  written_version bigint     NOT NULL,
  effective_at   timestamptz NOT NULL,
  -- Required: an override that never ends is a plan nobody wrote down.
  ends_at        timestamptz NOT NULL CHECK (ends_at < 'infinity'),
  PRIMARY KEY (tenant_id, override_id, slot),
  CHECK (effective_at <= ends_at)
);

CREATE TABLE purser.purchases (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  purchase_id     uuid        NOT NULL,
  product         text        COLLATE "C" NOT NULL,
  product_version integer     NOT NULL,
  quantity        integer     NOT NULL DEFAULT 1 CHECK (quantity BETWEEN 1 AND 1000000),
  dedupe_key      text        COLLATE "C" NOT NULL,
  purchased_at    timestamptz NOT NULL,
  refunded_at     timestamptz,
  PRIMARY KEY (tenant_id, purchase_id, slot),
  UNIQUE (tenant_id, dedupe_key, slot)
);

CREATE TABLE purser.scheduled_actions (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  action_id       uuid        NOT NULL,
  kind            text        NOT NULL,
  subject_id      uuid,
  execute_at      timestamptz NOT NULL,
  status          text        NOT NULL CHECK (status IN
                    ('pending', 'executing', 'completed', 'failed', 'cancelled', 'dead')),
  attempts        integer     NOT NULL DEFAULT 0,
  last_error      text,
  next_attempt_at timestamptz,
  completed_at    timestamptz,
  PRIMARY KEY (tenant_id, action_id, slot)
);
