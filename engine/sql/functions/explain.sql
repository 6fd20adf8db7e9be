-- Why a balance is what it is, now or at an instant that has passed: what a check answered, between which instants that was
-- the answer, which window it was, and the numbers it came from. Recomputed from immutable rows, also for now, so it can be
-- held against what the row says. Always one row; explain_grants, explain_holds, explain_claims and explain_facts tell the
-- parts of it, of the same instant where they are given at.
--
-- The catalogue is not asked what it was: what a tenant was promised is copied into its dated rows.
CREATE OR REPLACE FUNCTION purser.explain(
  p_tenant text, p_feature text, p_subject text DEFAULT '', p_at timestamptz DEFAULT NULL,
  OUT at timestamptz, OUT feature text, OUT subject text, OUT allowed boolean, OUT reason text, OUT source text,
  OUT restricted_by text, OUT plan text, OUT plan_version integer, OUT valid_from timestamptz, OUT valid_until timestamptz,
  OUT kind text, OUT enforcement text, OUT unlimited boolean, OUT granted numeric, OUT used numeric, OUT held numeric,
  OUT available numeric, OUT overage numeric, OUT claimed integer, OUT reported boolean, OUT over_limit numeric,
  OUT window_starts_at timestamptz, OUT window_ends_at timestamptz, OUT version bigint
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_slot    integer := purser.slot_of(p_tenant);
  v_place   record;
  v_answer  record;
  v_balance record;
BEGIN
  SELECT p.* INTO v_place FROM purser.explained_balance(p_tenant, p_feature, p_subject, p_at) p;
  at := v_place.at;
  subject := v_place.subject;
  version := v_place.version;
  window_starts_at := v_place.window_starts_at;
  window_ends_at := v_place.window_ends_at;
  SELECT c.* INTO v_answer FROM purser.check_entitlement(p_tenant, p_feature, NULL, p_subject, at) c;
  feature := v_answer.feature;
  allowed := v_answer.allowed;
  reason := v_answer.reason;
  source := v_answer.source;
  restricted_by := v_answer.restricted_by;
  kind := v_answer.kind;
  unlimited := v_answer.unlimited;
  SELECT r.plan, r.plan_version, nullif(r.valid_from, '-infinity'), nullif(r.valid_until, 'infinity'), r.enforcement
    INTO plan, plan_version, valid_from, valid_until, enforcement
    FROM purser.resolve_entitlement(v_slot, p_tenant, coalesce(p_subject, ''), feature, at, true) r;
  IF kind IN ('capacity', 'metered', 'credits') AND reason <> 'TENANT_UNKNOWN' THEN
    granted := v_answer.quantity_limit;
    used := 0;
    held := 0;
    overage := 0;
    claimed := 0;
    reported := false;
    over_limit := v_answer.over_limit;
    available := CASE WHEN NOT unlimited THEN granted END;
    SELECT n.* INTO v_balance FROM purser.balance_now(v_slot, p_tenant, subject, feature, at) n;
    IF v_balance.version > 0 THEN
      enforcement := v_balance.enforcement;
      granted := v_balance.granted;
      used := v_balance.used;
      held := v_balance.held;
      overage := v_balance.overage;
      claimed := v_balance.claimed;
      available := v_balance.available;
      reported := (SELECT c.reported FROM purser.counted_at(v_slot, p_tenant, subject, feature, version) c);
    END IF;
  END IF;
END
$$;
