-- The catalogue: what is sold. Small, the same for every tenant, written in transactions of its own, never read by a
-- command that decides about an amount: what a decision needs is copied into the tenant's dated rows when the decision
-- is made (a plan chosen, a product bought). On a distributed engine these are reference tables, so none has a slot.

CREATE TABLE purser.catalog_revisions (
  revision      integer     NOT NULL PRIMARY KEY CHECK (revision > 0),
  content_hash  text        NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  content       jsonb       NOT NULL,
  published_by  text        NOT NULL,
  published_at  timestamptz NOT NULL
);

CREATE TABLE purser.tiers (
  key         text    COLLATE "C" NOT NULL PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_.:-]{0,62}$'),
  rank        integer NOT NULL CHECK (rank >= 0),
  name        text    NOT NULL,
  description text    NOT NULL DEFAULT '',
  category    text    NOT NULL DEFAULT 'paid' CHECK (category IN ('free', 'paid', 'enterprise')),
  active      boolean NOT NULL DEFAULT true,
  metadata    jsonb   NOT NULL DEFAULT '{}'
);

CREATE TABLE purser.features (
  key            text    COLLATE "C" NOT NULL PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_.:-]{0,62}$'),
  kind           text    NOT NULL CHECK (kind IN ('flag', 'value', 'capacity', 'metered', 'credits')),
  name           text    NOT NULL,
  description    text    NOT NULL DEFAULT '',
  unit           text,
  minimum_tier   text    COLLATE "C" REFERENCES purser.tiers (key),
  enforcement    text    NOT NULL DEFAULT 'hard' CHECK (enforcement IN ('hard', 'soft', 'observe')),
  -- What becomes of the feature between the request of a downgrade and the end of its grace; NULL leaves it as it is.
  on_downgrade   text    CHECK (on_downgrade IN ('disabled', 'frozen', 'degraded')),
  degraded_value jsonb,
  always_on      boolean NOT NULL DEFAULT false,
  -- Whose amounts are: the tenant's, shared by all, or each subject's own. An inclusion may say otherwise.
  per            text    NOT NULL DEFAULT 'tenant' CHECK (per IN ('tenant', 'subject')),
  on_error       text    NOT NULL DEFAULT 'deny' CHECK (on_error IN ('deny', 'allow', 'last_known')),
  last_known_max_age_seconds integer CHECK (last_known_max_age_seconds > 0),
  active         boolean NOT NULL DEFAULT true,
  metadata       jsonb   NOT NULL DEFAULT '{}',
  CHECK (on_downgrade IS DISTINCT FROM 'degraded' OR degraded_value IS NOT NULL)
);

CREATE TABLE purser.capabilities (
  key         text    COLLATE "C" NOT NULL PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_.:-]{0,62}$'),
  feature     text    COLLATE "C" NOT NULL REFERENCES purser.features (key),
  amount      numeric(38,6) NOT NULL DEFAULT 1 CHECK (amount > 0 AND amount < 1e15),
  description text    NOT NULL DEFAULT ''
);

CREATE TABLE purser.plans (
  key         text    COLLATE "C" NOT NULL PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_.:-]{0,62}$'),
  name        text    NOT NULL,
  description text    NOT NULL DEFAULT '',
  addon       boolean NOT NULL DEFAULT false,
  active      boolean NOT NULL DEFAULT true,
  metadata    jsonb   NOT NULL DEFAULT '{}'
);

-- A version never changes once published; what changes is published as the next one.
CREATE TABLE purser.plan_versions (
  plan                 text    COLLATE "C" NOT NULL REFERENCES purser.plans (key),
  version              integer NOT NULL CHECK (version > 0),
  tier                 text    COLLATE "C" NOT NULL REFERENCES purser.tiers (key),
  content_hash         text    NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  billing_unit         text    NOT NULL DEFAULT 'month' CHECK (billing_unit IN ('day', 'week', 'month', 'year')),
  billing_count        integer NOT NULL DEFAULT 1 CHECK (billing_count BETWEEN 1 AND 1200),
  trial_days           integer NOT NULL DEFAULT 0 CHECK (trial_days BETWEEN 0 AND 3660),
  after_trial          text    NOT NULL DEFAULT 'expired' CHECK (after_trial IN ('active', 'expired')),
  payment_grace_days   integer NOT NULL DEFAULT 0 CHECK (payment_grace_days BETWEEN 0 AND 3660),
  downgrade_grace_days integer NOT NULL DEFAULT 7 CHECK (downgrade_grace_days BETWEEN 0 AND 3660),
  published_at         timestamptz NOT NULL,
  PRIMARY KEY (plan, version)
);

CREATE TABLE purser.products (
  key         text    COLLATE "C" NOT NULL PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_.:-]{0,62}$'),
  name        text    NOT NULL,
  description text    NOT NULL DEFAULT '',
  active      boolean NOT NULL DEFAULT true,
  metadata    jsonb   NOT NULL DEFAULT '{}'
);

CREATE TABLE purser.product_versions (
  product      text    COLLATE "C" NOT NULL REFERENCES purser.products (key),
  version      integer NOT NULL CHECK (version > 0),
  content_hash text    NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  published_at timestamptz NOT NULL,
  PRIMARY KEY (product, version)
);

-- One line of a plan version. A flag carries nothing; a value carries value; a countable feature carries an amount or
-- unlimited, and how often it comes back.
CREATE TABLE purser.plan_inclusions (
  plan          text    COLLATE "C" NOT NULL,
  plan_version  integer NOT NULL,
  feature       text    COLLATE "C" NOT NULL REFERENCES purser.features (key),
  amount        numeric(38,6) CHECK (amount >= 0 AND amount < 1e15),
  unlimited     boolean NOT NULL DEFAULT false,
  value         jsonb,
  window_unit   text    CHECK (window_unit IN ('hour', 'day', 'week', 'month', 'year', 'billing_period', 'lifetime')),
  window_count  integer NOT NULL DEFAULT 1 CHECK (window_count BETWEEN 1 AND 1200),
  per           text    NOT NULL DEFAULT 'tenant' CHECK (per IN ('tenant', 'subject')),
  on_change     text    NOT NULL DEFAULT 'keep' CHECK (on_change IN ('keep', 'reset', 'prorate')),
  priority      integer NOT NULL DEFAULT 100 CHECK (priority BETWEEN 0 AND 1000),
  rollover_cap  numeric(38,6) CHECK (rollover_cap > 0 AND rollover_cap < 1e15),
  rollover_windows integer NOT NULL DEFAULT 1 CHECK (rollover_windows BETWEEN 1 AND 1200),
  PRIMARY KEY (plan, plan_version, feature),
  FOREIGN KEY (plan, plan_version) REFERENCES purser.plan_versions (plan, version),
  CHECK (num_nonnulls(amount, value) <= 1 AND NOT (unlimited AND (amount IS NOT NULL OR value IS NOT NULL)))
);

CREATE TABLE purser.product_inclusions (
  product         text    COLLATE "C" NOT NULL,
  product_version integer NOT NULL,
  feature         text    COLLATE "C" NOT NULL REFERENCES purser.features (key),
  amount          numeric(38,6) CHECK (amount > 0 AND amount < 1e15),
  unlimited       boolean NOT NULL DEFAULT false,
  duration_days   integer CHECK (duration_days BETWEEN 1 AND 36600),
  priority        integer NOT NULL DEFAULT 100 CHECK (priority BETWEEN 0 AND 1000),
  metadata        jsonb   NOT NULL DEFAULT '{}',
  PRIMARY KEY (product, product_version, feature),
  FOREIGN KEY (product, product_version) REFERENCES purser.product_versions (product, version),
  CHECK (unlimited <> (amount IS NOT NULL))
);

CREATE TABLE purser.usage_event_types (
  key           text    COLLATE "C" NOT NULL PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_.:-]{0,62}$'),
  feature       text    COLLATE "C" NOT NULL REFERENCES purser.features (key),
  name          text    NOT NULL,
  unit          text,
  metadata_keys text[]  NOT NULL DEFAULT '{}',
  active        boolean NOT NULL DEFAULT true
);

CREATE TABLE purser.rates (
  event_type       text    COLLATE "C" NOT NULL REFERENCES purser.usage_event_types (key),
  effective_at     timestamptz NOT NULL,
  credits_per_unit numeric(38,6) NOT NULL CHECK (credits_per_unit >= 0 AND credits_per_unit < 1e15),
  PRIMARY KEY (event_type, effective_at)
);

CREATE TABLE purser.value_event_types (
  key              text    COLLATE "C" NOT NULL PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_.:-]{0,62}$'),
  name             text    NOT NULL,
  base_amount      numeric(38,12) CHECK (base_amount >= 0 AND base_amount < 1e18),
  percentage       numeric(12,6)  CHECK (percentage > 0 AND percentage <= 100),
  accepts_scarcity boolean NOT NULL DEFAULT false,
  accepts_urgency  boolean NOT NULL DEFAULT true,
  active           boolean NOT NULL DEFAULT true,
  CHECK (num_nonnulls(base_amount, percentage) <= 1)
);
