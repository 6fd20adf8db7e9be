-- Adds an amount (or unlimited use) to a balance over [effective_at, expires_at), once per (tenant, dedupe key). A grant
-- counts from now at the earliest: decisions are never backdated.
--
-- Outcomes in their precedence: invalid_input (field), tenant_unknown, feature_unknown, wrong_kind, idempotency_conflict
-- (field) or the first answer again with replayed; else granted.
CREATE OR REPLACE FUNCTION purser.issue_grant(
  p_tenant text, p_feature text, p_amount numeric, p_dedupe_key text, p_subject text DEFAULT '',
  p_source text DEFAULT 'manual', p_effective_at timestamptz DEFAULT NULL, p_expires_at timestamptz DEFAULT 'infinity',
  p_priority integer DEFAULT 100, p_unlimited boolean DEFAULT false, p_metadata jsonb DEFAULT NULL,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT grant_id uuid, OUT available numeric, OUT version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_slot      integer := purser.slot_of(p_tenant);
  v_kind      text;
  v_enforcement text;
  v_balance   record;
  v_grant     record;
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
    WHEN p_dedupe_key LIKE 'allowance:%' THEN 'dedupeKey'
    WHEN p_source IS NULL OR p_source NOT IN ('product', 'promotion', 'top_up', 'manual') THEN 'source'
    WHEN p_priority IS NULL OR p_priority NOT BETWEEN 0 AND 1000 THEN 'priority'
    WHEN p_expires_at IS NULL OR p_expires_at <= p_effective_at THEN 'expiresAt'
    WHEN p_metadata IS NOT NULL AND jsonb_typeof(p_metadata) <> 'object' THEN 'metadata'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM purser.tenants t WHERE t.tenant_id = p_tenant AND t.slot = v_slot AND t.erased_at IS NULL) THEN
    outcome := 'tenant_unknown';
    RETURN;
  END IF;
  SELECT f.kind, f.enforcement INTO v_kind, v_enforcement FROM purser.features f WHERE f.key = p_feature;
  IF v_kind IS NULL THEN
    outcome := 'feature_unknown';
    RETURN;
  ELSIF v_kind IN ('flag', 'value') THEN
    outcome := 'wrong_kind';
    RETURN;
  END IF;

  INSERT INTO purser.balances (slot, tenant_id, subject, feature, kind, enforcement, per, unlimited, granted, used, held,
                               overage, claimed, interval_no, interval_used, version, as_of, next_change_at, test)
    VALUES (v_slot, p_tenant, p_subject, p_feature, v_kind, v_enforcement, 'tenant', false, 0, 0, 0, 0, 0, 0, 0, 0,
            '-infinity', '-infinity',
            EXISTS (SELECT FROM purser.test_clocks c WHERE c.tenant_id = p_tenant AND c.slot = v_slot))
    ON CONFLICT (tenant_id, subject, feature, slot) DO NOTHING;
  SELECT b.as_of, b.next_change_at INTO v_balance
    FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = v_slot
    FOR NO KEY UPDATE;

  -- Under the lock of the balance, so two of the same key see each other; the same key on another balance is caught by
  -- the unique index below.
  SELECT g.grant_id, g.subject, g.feature, g.amount, g.unlimited, g.source, g.effective_at, g.issued_at, g.expires_at,
         g.priority, g.metadata, g.issued_version
    INTO v_grant
    FROM purser.grants g WHERE g.tenant_id = p_tenant AND g.dedupe_key = p_dedupe_key AND g.slot = v_slot;
  IF v_grant.grant_id IS NULL THEN
    v_now := greatest(v_balance.as_of, purser.tenant_now(v_slot, p_tenant));
    v_effective := greatest(p_effective_at, v_now);
    IF p_expires_at <= v_effective THEN
      outcome := 'invalid_input';
      field := 'expiresAt';
      RETURN;
    END IF;
    IF v_balance.next_change_at <= v_now THEN
      PERFORM purser.turn_balance(v_slot, p_tenant, p_subject, p_feature, v_now, 'boundary', 'boundary_recompute', 0, NULL);
    END IF;
    INSERT INTO purser.grants (slot, tenant_id, grant_id, subject, feature, amount, unlimited, source, effective_at,
                               expires_at, priority, dedupe_key, issued_version, issued_at, metadata)
      SELECT v_slot, p_tenant, gen_random_uuid(), p_subject, p_feature, coalesce(p_amount, 0), p_unlimited, p_source,
             v_effective, p_expires_at, p_priority, p_dedupe_key, b.version + 1, v_now, p_metadata
        FROM purser.balances b
        WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = v_slot
      ON CONFLICT (tenant_id, dedupe_key, slot) DO NOTHING
      RETURNING grant_id INTO grant_id;
    IF grant_id IS NOT NULL THEN
      INSERT INTO purser.open_grants (slot, tenant_id, subject, feature, grant_id, source, amount, unlimited, used, active,
                                      effective_at, expires_at, priority, issued_version)
        SELECT g.slot, g.tenant_id, g.subject, g.feature, g.grant_id, g.source, g.amount, g.unlimited, 0, false,
               g.effective_at, g.expires_at, g.priority, g.issued_version
          FROM purser.grants g WHERE g.tenant_id = p_tenant AND g.grant_id = issue_grant.grant_id AND g.slot = v_slot;
      version := purser.turn_balance(v_slot, p_tenant, p_subject, p_feature, v_now, 'grant',
                                     CASE WHEN p_source IN ('product', 'top_up') THEN 'purchase_grant'
                                          ELSE 'manual_refresh' END,
                                     coalesce(p_amount, 0), grant_id::text);
      SELECT CASE WHEN NOT b.unlimited THEN b.granted - b.used - b.held END INTO available
        FROM purser.balances b
        WHERE b.tenant_id = p_tenant AND b.subject = p_subject AND b.feature = p_feature AND b.slot = v_slot;
      outcome := 'granted';
      RETURN;
    END IF;
    -- The key was taken on another balance a moment ago.
    SELECT g.grant_id, g.subject, g.feature, g.amount, g.unlimited, g.source, g.effective_at, g.issued_at, g.expires_at,
           g.priority, g.metadata, g.issued_version
      INTO v_grant
      FROM purser.grants g WHERE g.tenant_id = p_tenant AND g.dedupe_key = p_dedupe_key AND g.slot = v_slot;
  END IF;

  field := CASE
    WHEN v_grant.feature <> p_feature THEN 'feature'
    WHEN v_grant.subject <> p_subject THEN 'subject'
    WHEN v_grant.unlimited <> p_unlimited THEN 'unlimited'
    WHEN v_grant.amount <> coalesce(p_amount, 0) THEN 'amount'
    WHEN v_grant.source <> p_source THEN 'source'
    -- An instant that had passed when the grant was made became that moment; so did one that was not named.
    WHEN p_effective_at IS NOT NULL AND greatest(p_effective_at, v_grant.issued_at) <> v_grant.effective_at
      OR p_effective_at IS NULL AND v_grant.effective_at <> v_grant.issued_at THEN 'effectiveAt'
    WHEN v_grant.expires_at <> p_expires_at THEN 'expiresAt'
    WHEN v_grant.priority <> p_priority THEN 'priority'
    WHEN v_grant.metadata IS DISTINCT FROM p_metadata THEN 'metadata'
  END;
  IF field IS NOT NULL THEN
    outcome := 'idempotency_conflict';
    RETURN;
  END IF;
  outcome := 'granted';
  replayed := true;
  grant_id := v_grant.grant_id;
  version := v_grant.issued_version;
  SELECT f.balance_after INTO available FROM purser.balance_facts f
    WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature AND f.version = v_grant.issued_version
      AND f.slot = v_slot;
END
$$;
