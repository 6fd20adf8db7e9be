-- The law of balances. Facts are immutable rows; a balance is their projection, kept in one row a
-- (tenant, subject, feature) and proven equal to them.

-- A dated allowance: so much of a feature per window. Turning a window is arithmetic on this row, so nothing waits for
-- anybody to turn it.
CREATE TABLE purser.allowances (
  slot             integer     NOT NULL,
  tenant_id        text        COLLATE "C" NOT NULL,
  allowance_id     uuid        NOT NULL,
  feature          text        COLLATE "C" NOT NULL,
  per              text        NOT NULL CHECK (per IN ('tenant', 'subject')),
  -- A restriction stands in for an override and a plan, an override for a plan: what it masks rests meanwhile.
  source           text        NOT NULL CHECK (source IN ('plan', 'product', 'override', 'restriction')),
  -- An allowance rests while one of a higher rank lasts: a plan's has 0, an override's the tenant's version that writing it
  -- made, a restriction's that and 2^40. What was bought has none: it masks nothing and nothing masks it.
  mask_rank        bigint,
  subscription_id  uuid,
  plan             text        COLLATE "C",
  plan_version     integer,
  amount           numeric(38,6) CHECK (amount >= 0 AND amount < 1e15),
  unlimited        boolean     NOT NULL DEFAULT false,
  window_unit      text        NOT NULL CHECK (window_unit IN ('hour', 'day', 'week', 'month', 'year', 'lifetime')),
  window_count     integer     NOT NULL CHECK (window_count BETWEEN 1 AND 1200),
  anchor           timestamptz NOT NULL,
  time_zone        text        NOT NULL,
  priority         integer     NOT NULL CHECK (priority BETWEEN 0 AND 1000),
  rollover_cap     numeric(38,6) CHECK (rollover_cap > 0 AND rollover_cap < 1e15),
  rollover_windows integer     NOT NULL DEFAULT 1,
  -- What becomes of the use that an allowance before it made of the same window.
  on_change        text        NOT NULL DEFAULT 'keep' CHECK (on_change IN ('keep', 'reset', 'prorate')),
  effective_at     timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, allowance_id, slot),
  CHECK (effective_at <= ends_at),
  CHECK (unlimited <> (amount IS NOT NULL)),
  CHECK ((mask_rank IS NULL) = (source = 'product'))
);

CREATE TABLE purser.grants (
  slot          integer     NOT NULL,
  tenant_id     text        COLLATE "C" NOT NULL,
  grant_id      uuid        NOT NULL,
  subject       text        COLLATE "C" NOT NULL,
  feature       text        COLLATE "C" NOT NULL,
  amount        numeric(38,6) NOT NULL CHECK (amount >= 0 AND amount < 1e15),
  unlimited     boolean     NOT NULL DEFAULT false,
  source        text        NOT NULL CHECK (source IN
                  ('plan', 'product', 'promotion', 'top_up', 'override', 'rollover', 'manual')),
  effective_at  timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  priority      integer     NOT NULL CHECK (priority BETWEEN 0 AND 1000),
  -- The same purchase, plan period or webhook can never grant twice. Those of allowances name tenant and subject, whose
  -- colons are doubled.
  dedupe_key    text        COLLATE "C" NOT NULL CHECK (dedupe_key <> '' AND length(dedupe_key) <= 700),
  allowance_id  uuid,
  -- Of the grant of an allowance: what the window had been used for before it, what allowances before it had come to by
  -- then, in units times microseconds, so that nothing is rounded on the way, and by how much that use is more than the
  -- window comes to. All are 0 where it opens the window.
  carried       numeric(38,6) NOT NULL DEFAULT 0 CHECK (carried >= 0 AND carried < 1e30),
  accrued       numeric(60,6) NOT NULL DEFAULT 0 CHECK (accrued >= 0 AND accrued < 1e50),
  exceeded      numeric(38,6) NOT NULL DEFAULT 0 CHECK (exceeded >= 0 AND exceeded <= carried),
  -- Of what masks an allowance: the part of the carried that was used under masks, and goes back with its own.
  handed        numeric(38,6) NOT NULL DEFAULT 0 CHECK (handed >= 0 AND handed <= carried),
  issued_version bigint     NOT NULL CHECK (issued_version > 0),
  issued_at     timestamptz NOT NULL,
  metadata      jsonb,
  PRIMARY KEY (tenant_id, grant_id, slot),
  UNIQUE (tenant_id, dedupe_key, slot),
  CHECK (effective_at < expires_at),
  CHECK (NOT unlimited OR amount = 0)
);

CREATE TABLE purser.grant_voids (
  slot          integer     NOT NULL,
  tenant_id     text        COLLATE "C" NOT NULL,
  grant_id      uuid        NOT NULL,
  lapsed        numeric(38,6) NOT NULL CHECK (lapsed >= 0 AND lapsed < 1e15),
  shortfall     numeric(38,6) NOT NULL DEFAULT 0 CHECK (shortfall >= 0 AND shortfall < 1e15),
  reason        text        NOT NULL,
  voided_by     text        NOT NULL,
  voided_at     timestamptz NOT NULL,
  voided_version bigint     NOT NULL CHECK (voided_version > 0),
  PRIMARY KEY (tenant_id, grant_id, slot)
);

-- One row a balance. Consuming updates numbers that no index holds, so the update stays on its page (HOT); the free
-- space for that is why the fill factor is 70. This table, balance_facts and outbox have no CHECK of one column: each would
-- be read from its text again by every statement that writes a row (docs/decisions/0009).
CREATE TABLE purser.balances (
  slot           integer     NOT NULL,
  tenant_id      text        COLLATE "C" NOT NULL,
  subject        text        COLLATE "C" NOT NULL,
  feature        text        COLLATE "C" NOT NULL,
  -- capacity, metered or credits; hard, soft or observe; tenant or subject.
  kind           text        NOT NULL,
  enforcement    text        NOT NULL,
  per            text        NOT NULL,
  -- Why every new consumption is refused until next_change_at; NULL while none is.
  denied_reason  text,
  restricted_by  text,
  -- The next instant at which this row changes by time alone.
  next_change_at timestamptz NOT NULL,
  -- The next instant at which time alone may give more: not every change does.
  resets_at      timestamptz NOT NULL DEFAULT 'infinity',
  -- Whether the tenant has a clock of its own, so that a live tenant's consume never looks for one.
  test           boolean     NOT NULL,
  -- How many slots are occupied: the open claims, or the count that was last reported from outside.
  reported       boolean     NOT NULL DEFAULT false,
  claimed        integer     NOT NULL,
  -- By how much the windows in force had been used beyond what their allowances come to now, after a plan or an override
  -- lowered them.
  exceeded       numeric(38,6) NOT NULL DEFAULT 0,
  -- What was allowed beyond the grants since the last window turned, and the version that turned it.
  overage        numeric(38,6) NOT NULL,
  overage_version bigint     NOT NULL DEFAULT 0,
  -- An interval is a stretch in which the set of active grants does not change; it closes when that set does.
  interval_no    integer     NOT NULL,
  -- Over the grants active between as_of and next_change_at: their amounts, what holds set aside, what was used of them.
  unlimited      boolean     NOT NULL,
  granted        numeric(38,6) NOT NULL,
  held           numeric(38,6) NOT NULL,
  -- What every consumption changes stands last and side by side: the log of the database tells this stretch and not the row.
  used           numeric(38,6) NOT NULL,
  interval_used  numeric(38,6) NOT NULL,
  -- Counts the facts below; a row that was only just made has none yet.
  version        bigint      NOT NULL,
  as_of          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, subject, feature, slot),
  -- What is allowed beyond the grants is overage and never used, whatever the enforcement.
  CHECK (unlimited OR used <= granted)
) WITH (fillfactor = 70);

-- Every change of a balance row writes exactly one of these with the row's new version: they are numbered without a gap.
-- One table for all commands on a balance, because one idempotency key may be used once over all of them.
CREATE TABLE purser.balance_facts (
  -- What has a fixed width comes first: nothing is lost between columns, and they are found without reading the others.
  version         bigint      NOT NULL,
  recorded_at     timestamptz NOT NULL,
  slot            integer     NOT NULL,
  -- Where in its interval this fact's units end: lineage is the overlap of these stretches with those of the grants.
  interval_no     integer     NOT NULL,
  -- Whether a window turned with this fact: the balance's overage counts from here.
  window_turned   boolean     NOT NULL DEFAULT false,
  kind            text        NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  subject         text        COLLATE "C" NOT NULL,
  feature         text        COLLATE "C" NOT NULL,
  idempotency_key text        COLLATE "C",
  amount          numeric(38,6) NOT NULL,
  overage         numeric(38,6) NOT NULL,
  interval_used   numeric(38,6) NOT NULL,
  -- Available after this fact; NULL while unlimited.
  balance_after   numeric(38,6),
  -- Of a hold that was settled: the part that its pinned grants paid, which is no part of any interval.
  pinned          numeric(38,6),
  -- What the fact is about: a grant, a hold, a claim's resource, the key of a reversed consumption.
  reference       text,
  -- Who consumed from a balance that belongs to the whole tenant.
  acting_subject  text        COLLATE "C",
  occurred_at     timestamptz,
  metadata        jsonb,
  PRIMARY KEY (tenant_id, subject, feature, version, slot),
  UNIQUE (tenant_id, idempotency_key, slot)
);

-- Which stretch of a closed interval each grant paid for. Closed intervals only, so a row never changes.
CREATE TABLE purser.burns (
  slot        integer     NOT NULL,
  tenant_id   text        COLLATE "C" NOT NULL,
  subject     text        COLLATE "C" NOT NULL,
  feature     text        COLLATE "C" NOT NULL,
  interval_no integer     NOT NULL CHECK (interval_no > 0),
  grant_id    uuid        NOT NULL,
  from_used   numeric(38,6) NOT NULL CHECK (from_used >= 0 AND from_used < 1e30),
  to_used     numeric(38,6) NOT NULL CHECK (to_used > from_used AND to_used < 1e30),
  PRIMARY KEY (tenant_id, subject, feature, interval_no, grant_id, slot)
);

-- The grants that count now or will count later, with what was used of each when the current interval opened. A
-- projection: rows leave it when their grant ends.
CREATE TABLE purser.open_grants (
  slot           integer     NOT NULL,
  tenant_id      text        COLLATE "C" NOT NULL,
  subject        text        COLLATE "C" NOT NULL,
  feature        text        COLLATE "C" NOT NULL,
  grant_id       uuid        NOT NULL,
  source         text        NOT NULL,
  allowance_id   uuid,
  amount         numeric(38,6) NOT NULL CHECK (amount >= 0 AND amount < 1e15),
  unlimited      boolean     NOT NULL,
  used           numeric(38,6) NOT NULL CHECK (used >= 0 AND (unlimited OR used <= amount)),
  -- Whether it is in the set that the current interval burns; turned by turn_balance alone.
  active         boolean     NOT NULL,
  effective_at   timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL,
  priority       integer     NOT NULL,
  issued_version bigint      NOT NULL,
  PRIMARY KEY (tenant_id, subject, feature, grant_id, slot)
);

-- What paid for a fact, or was given back by it, grant by grant, where that is not the course of an interval: the pinned
-- part of a settled hold, and reversals. What returns to a grant that has ended lapses.
CREATE TABLE purser.allocations (
  slot        integer     NOT NULL,
  tenant_id   text        COLLATE "C" NOT NULL,
  subject     text        COLLATE "C" NOT NULL,
  feature     text        COLLATE "C" NOT NULL,
  version     bigint      NOT NULL,
  grant_id    uuid        NOT NULL,
  amount      numeric(38,6) NOT NULL CHECK (amount > 0 AND amount < 1e30),
  lapsed      numeric(38,6) NOT NULL DEFAULT 0 CHECK (lapsed >= 0 AND lapsed <= amount),
  PRIMARY KEY (tenant_id, subject, feature, version, grant_id, slot)
);

-- A hold is named by the key it was reserved under.
CREATE TABLE purser.holds (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  hold_key        text        COLLATE "C" NOT NULL,
  subject         text        COLLATE "C" NOT NULL,
  feature         text        COLLATE "C" NOT NULL,
  acting_subject  text        COLLATE "C",
  amount          numeric(38,6) NOT NULL CHECK (amount > 0 AND amount < 1e15),
  -- What was there to be set aside; less than the amount only where the feature is not hard.
  funded          numeric(38,6) NOT NULL CHECK (funded >= 0 AND funded <= amount),
  status          text        NOT NULL CHECK (status IN ('open', 'settled', 'released', 'expired')),
  -- Settled after it had expired.
  late            boolean     NOT NULL DEFAULT false,
  settled         numeric(38,6) CHECK (settled >= 0 AND settled < 1e15),
  unfunded        numeric(38,6) NOT NULL DEFAULT 0 CHECK (unfunded >= 0 AND unfunded < 1e15),
  restored        numeric(38,6),
  lapsed          numeric(38,6),
  -- While this is the interval that is open nothing is pinned yet.
  interval_no     integer     NOT NULL,
  reserved_version bigint     NOT NULL,
  ended_version   bigint,
  reserved_at     timestamptz NOT NULL,
  -- Until when it was reserved at first, and until when it lasts now.
  asked_until     timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  PRIMARY KEY (tenant_id, hold_key, slot),
  CHECK (reserved_at < expires_at),
  CHECK ((status = 'open') = (ended_at IS NULL))
);

-- The grants that a hold keeps for itself while it is open, also beyond their end. Written once, when its interval closes.
CREATE TABLE purser.hold_pins (
  slot      integer     NOT NULL,
  tenant_id text        COLLATE "C" NOT NULL,
  hold_key  text        COLLATE "C" NOT NULL,
  grant_id  uuid        NOT NULL,
  amount    numeric(38,6) NOT NULL CHECK (amount > 0 AND amount < 1e15),
  PRIMARY KEY (tenant_id, hold_key, grant_id, slot)
);

-- Every name that ever occupied a slot, and whether it does now.
CREATE TABLE purser.claims (
  slot            integer     NOT NULL,
  tenant_id       text        COLLATE "C" NOT NULL,
  subject         text        COLLATE "C" NOT NULL,
  feature         text        COLLATE "C" NOT NULL,
  resource        text        COLLATE "C" NOT NULL CHECK (resource <> '' AND length(resource) <= 300),
  claimed_version bigint      NOT NULL,
  claimed_at      timestamptz NOT NULL,
  released_version bigint,
  released_at     timestamptz,
  PRIMARY KEY (tenant_id, subject, feature, resource, slot),
  CHECK ((released_at IS NULL) = (released_version IS NULL))
);

CREATE TABLE purser.resource_snapshots (
  slot        integer     NOT NULL,
  tenant_id   text        COLLATE "C" NOT NULL,
  subject     text        COLLATE "C" NOT NULL,
  feature     text        COLLATE "C" NOT NULL,
  version     bigint      NOT NULL,
  counted     integer     NOT NULL CHECK (counted >= 0),
  reported_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, subject, feature, version, slot)
);
