-- Adds an amount (or unlimited use) to a balance over [effective_at, expires_at), once per (tenant, dedupe key). A grant
-- counts from now at the earliest: decisions are never backdated.
--
-- Outcomes in their precedence: invalid_input (field), tenant_unknown, feature_unknown, wrong_kind, idempotency_conflict
-- (field) or the first answer again with replayed, subject_required; else granted. A subject named for a feature whose amount
-- the whole tenant shares is invalid_input too: nobody could draw on it.
CREATE OR REPLACE FUNCTION purser.issue_grant(
  p_tenant text, p_feature text, p_amount numeric, p_dedupe_key text, p_subject text DEFAULT '',
  p_source text DEFAULT 'manual', p_effective_at timestamptz DEFAULT NULL, p_expires_at timestamptz DEFAULT 'infinity',
  p_priority integer DEFAULT 100, p_unlimited boolean DEFAULT false, p_metadata jsonb DEFAULT NULL,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT grant_id uuid, OUT available numeric, OUT version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot      integer := purser.slot_of(p_tenant);
  v_feature   record;
  v_balance   record;
  v_now       timestamptz;
  v_effective timestamptz;
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_feature IS NULL OR p_feature = '' THEN 'feature'
    WHEN p_subject IS NULL OR length(p_subject) > 200 THEN 'subject'
    WHEN p_unlimited IS NULL OR p_unlimited AND coalesce(p_amount, 0) <> 0 THEN 'unlimited'
    WHEN NOT p_unlimited AND (p_amount IS NULL OR NOT (p_amount > 0 AND p_amount < 1e15)
      OR scale(p_amount) > 6 AND p_amount <> trunc(p_amount, 6)
      OR scale(p_amount) > 0 AND length(ltrim(replace(trim_scale(p_amount)::text, '.', ''), '0')) > 15) THEN 'amount'
    WHEN p_dedupe_key IS NULL OR p_dedupe_key = '' OR length(p_dedupe_key) > 200 THEN 'dedupeKey'
    -- The engine's own grants have such keys; nobody else can take one.
    WHEN p_dedupe_key ~ '^(allowance|rollover|reversal):' THEN 'dedupeKey'
    WHEN p_source IS NULL OR p_source NOT IN ('product', 'promotion', 'top_up', 'manual') THEN 'source'
    WHEN p_priority IS NULL OR p_priority NOT BETWEEN 0 AND 1000 THEN 'priority'
    WHEN p_effective_at IS NOT NULL AND NOT isfinite(p_effective_at) THEN 'effectiveAt'
    WHEN p_expires_at IS NULL OR p_expires_at <= p_effective_at THEN 'expiresAt'
    WHEN p_metadata IS NOT NULL AND jsonb_typeof(p_metadata) <> 'object' THEN 'metadata'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;

  -- The first of its balance: as in open_balance, a change of access and this one wait for each other.
  IF NOT EXISTS (SELECT FROM purser.balances b
                 WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = v_slot) THEN
    PERFORM FROM purser.tenants t WHERE t.tenant_id = p_tenant AND t.slot = v_slot FOR SHARE;
  END IF;
  v_now := purser.tenant_now(v_slot, p_tenant);
  SELECT r.reason, r.kind, r.enforcement, r.per INTO v_feature
    FROM purser.resolve_entitlement(v_slot, p_tenant, p_subject, p_feature, v_now) r;
  outcome := CASE
    WHEN v_feature.reason IN ('TENANT_UNKNOWN', 'FEATURE_UNKNOWN') THEN lower(v_feature.reason)
    WHEN v_feature.kind IN ('flag', 'value') THEN 'wrong_kind'
  END;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT a.* INTO outcome, field, grant_id, available, version
    FROM purser.grant_answer(v_slot, p_tenant, p_feature, p_amount, p_dedupe_key, p_subject, p_source, p_effective_at,
                             p_expires_at, p_priority, p_unlimited, p_metadata) a;
  IF outcome IS NOT NULL THEN
    replayed := outcome = 'granted';
    RETURN;
  END IF;
  outcome := CASE
    WHEN v_feature.per = 'subject' AND p_subject = '' THEN 'subject_required'
    WHEN v_feature.per = 'tenant' AND p_subject <> '' OR p_expires_at <= v_now THEN 'invalid_input'
  END;
  IF outcome IS NOT NULL THEN
    field := CASE WHEN outcome = 'invalid_input' THEN
             CASE WHEN v_feature.per = 'tenant' AND p_subject <> '' THEN 'subject' ELSE 'expiresAt' END END;
    RETURN;
  END IF;

  INSERT INTO purser.balances (slot, tenant_id, subject, feature, kind, enforcement, per, unlimited, granted, used, held,
                               overage, claimed, interval_no, interval_used, version, as_of, next_change_at, test)
    VALUES (v_slot, p_tenant, p_subject, p_feature, v_feature.kind, v_feature.enforcement, v_feature.per, false, 0, 0, 0, 0,
            0, 0, 0, 0, '-infinity', '-infinity',
            EXISTS (SELECT FROM purser.test_clocks c WHERE c.tenant_id = p_tenant AND c.slot = v_slot))
    ON CONFLICT (tenant_id, subject, feature, slot) DO NOTHING;
  SELECT b.as_of, b.next_change_at, b.version INTO v_balance
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = v_slot
    FOR NO KEY UPDATE;
  v_now := greatest(v_balance.as_of, purser.tenant_now(v_slot, p_tenant));
  v_effective := greatest(p_effective_at, v_now);
  -- It may have ended while this call waited for the lock.
  IF p_expires_at <= v_effective THEN
    outcome := 'invalid_input';
    field := 'expiresAt';
    RETURN;
  END IF;
  -- A row that was only just made has nothing to close.
  IF v_balance.next_change_at <= v_now AND v_balance.version > 0 THEN
    v_balance.version := purser.turn_balance(v_slot, p_tenant, p_subject, p_feature, v_now, 'boundary',
                                             'boundary_recompute', 0, NULL);
  END IF;
  INSERT INTO purser.grants (slot, tenant_id, grant_id, subject, feature, amount, unlimited, source, effective_at, expires_at,
                             priority, dedupe_key, issued_version, issued_at, metadata)
    VALUES (v_slot, p_tenant, gen_random_uuid(), p_subject, p_feature, coalesce(p_amount, 0), p_unlimited, p_source,
            v_effective, p_expires_at, p_priority, p_dedupe_key,
            v_balance.version + 1, v_now, p_metadata)
    ON CONFLICT (tenant_id, dedupe_key, slot) DO NOTHING
    RETURNING grant_id INTO grant_id;
  IF grant_id IS NULL THEN
    -- The same key was used a moment ago, while this one waited for the lock or for the other to commit.
    SELECT a.* INTO outcome, field, grant_id, available, version
      FROM purser.grant_answer(v_slot, p_tenant, p_feature, p_amount, p_dedupe_key, p_subject, p_source, p_effective_at,
                               p_expires_at, p_priority, p_unlimited, p_metadata) a;
    replayed := outcome = 'granted';
    RETURN;
  END IF;
  INSERT INTO purser.open_grants (slot, tenant_id, subject, feature, grant_id, source, amount, unlimited, used, active,
                                  effective_at, expires_at, priority, issued_version)
    SELECT g.slot, g.tenant_id, g.subject, g.feature, g.grant_id, g.source, g.amount, g.unlimited, 0, false, g.effective_at,
           g.expires_at, g.priority, g.issued_version
      FROM purser.grants g WHERE g.tenant_id = p_tenant AND g.grant_id = issue_grant.grant_id AND g.slot = v_slot;
  version := purser.turn_balance(v_slot, p_tenant, p_subject, p_feature, v_now, 'grant',
                                 CASE WHEN p_source IN ('product', 'top_up') THEN 'purchase_grant' ELSE 'manual_refresh' END,
                                 coalesce(p_amount, 0), grant_id::text);
  SELECT CASE WHEN b.unlimited THEN NULL
              WHEN b.kind = 'capacity' THEN greatest(b.granted - b.claimed, 0)
              ELSE b.granted - b.used - b.held END INTO available
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = v_slot;
  outcome := 'granted';
END
$$;
