-- May this tenant use this feature (or capability) now, by this amount, and if not, why not: always exactly one row, and
-- nothing changes. consume never passes where this denies. With p_at: what the answer was at that instant. The reasons and their precedence:
-- engine/src/entitlement/README.md.
CREATE OR REPLACE FUNCTION purser.check_entitlement(
  p_tenant text, p_feature text, p_amount numeric DEFAULT NULL, p_subject text DEFAULT '',
  p_at timestamptz DEFAULT NULL,
  OUT allowed boolean, OUT reason text, OUT feature text, OUT kind text, OUT tier text, OUT required_tier text,
  OUT value jsonb, OUT quantity_limit numeric, OUT used numeric, OUT remaining numeric, OUT unlimited boolean,
  OUT over_limit numeric, OUT resets_at timestamptz, OUT source text, OUT restricted_by text, OUT unlocked_by text[],
  OUT as_of timestamptz, OUT version bigint
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_slot      integer := purser.slot_of(p_tenant);
  v_amount    numeric := p_amount;
  v_answer    record;
  v_balance   record;
  v_found     boolean;
  v_subject   text := coalesce(p_subject, '');
  v_enforcement text;
BEGIN
  feature := p_feature;
  SELECT c.feature, coalesce(p_amount, c.amount) INTO feature, v_amount
    FROM purser.capabilities c
    WHERE c.key = p_feature AND NOT EXISTS (SELECT FROM purser.features f WHERE f.key = p_feature);
  feature := coalesce(feature, p_feature, '');
  v_amount := coalesce(v_amount, p_amount, 1);
  IF NOT isfinite(p_at) THEN
    p_at := NULL;
  END IF;
  as_of := coalesce(p_at, purser.tenant_now(v_slot, p_tenant));
  SELECT r.* INTO v_answer FROM purser.resolve_entitlement(v_slot, p_tenant, v_subject, feature, as_of, p_at IS NOT NULL) r;

  allowed := v_answer.allowed;
  reason := v_answer.reason;
  kind := v_answer.kind;
  tier := v_answer.tier;
  required_tier := v_answer.required_tier;
  value := v_answer.value;
  source := v_answer.source;
  restricted_by := v_answer.restricted_by;
  unlimited := v_answer.unlimited AND kind IN ('flag', 'value');
  resets_at := nullif(v_answer.valid_until, 'infinity');
  version := 0;

  IF kind IN ('capacity', 'metered', 'credits') AND reason <> 'TENANT_UNKNOWN' THEN
    SELECT n.* INTO v_balance
      FROM purser.balance_now(v_slot, p_tenant, CASE v_answer.per WHEN 'subject' THEN v_subject ELSE '' END, feature, p_at) n;
    v_found := v_balance.version IS NOT NULL;
    IF v_found THEN
      -- The row is what consume will go by, so it is what a check goes by.
      reason := coalesce(v_balance.denied_reason, CASE WHEN allowed THEN reason ELSE 'INCLUDED' END);
      allowed := v_balance.denied_reason IS NULL;
      v_enforcement := v_balance.enforcement;
      unlimited := v_balance.unlimited;
      quantity_limit := CASE WHEN NOT unlimited THEN v_balance.granted END;
      used := CASE kind WHEN 'capacity' THEN v_balance.claimed ELSE v_balance.used + v_balance.overage END;
      remaining := v_balance.available;
      resets_at := v_balance.resets_at;
      version := v_balance.version;
      as_of := v_balance.as_of;
    ELSE
      v_enforcement := v_answer.enforcement;
      SELECT n.unlimited, n.granted, CASE WHEN v_answer.allowed THEN n.resets_at ELSE nullif(v_answer.valid_until, 'infinity') END
        INTO unlimited, quantity_limit, resets_at
        FROM purser.allowance_now(v_slot, p_tenant, CASE v_answer.per WHEN 'subject' THEN v_subject ELSE '' END, feature,
                                  as_of) n;
      quantity_limit := CASE WHEN NOT unlimited THEN quantity_limit END;
      used := 0;
      remaining := quantity_limit;
    END IF;
    over_limit := CASE WHEN v_found THEN v_balance.over_limit ELSE 0 END;
    remaining := CASE WHEN NOT unlimited THEN greatest(remaining, 0) END;
    IF allowed AND v_answer.per = 'subject' AND v_subject = '' THEN
      allowed := false;
      reason := 'NOT_INCLUDED';
    ELSIF allowed AND NOT unlimited AND v_amount > remaining THEN
      IF v_enforcement = 'hard' THEN
        allowed := false;
        reason := CASE kind WHEN 'credits' THEN 'INSUFFICIENT_BALANCE' ELSE 'LIMIT_REACHED' END;
      ELSIF v_enforcement = 'soft' THEN
        reason := 'OVERAGE';
      END IF;
    END IF;
  END IF;

  -- An amount that nobody could consume is a question without an answer.
  IF allowed AND (NOT (v_amount > 0 AND v_amount < 1e15) OR v_amount <> trunc(v_amount, 6)) THEN
    allowed := false;
    reason := 'UNAVAILABLE';
  END IF;
  unlocked_by := CASE WHEN allowed THEN ARRAY[]::text[] ELSE purser.unlocked_by(feature, reason, quantity_limit) END;
END
$$;
