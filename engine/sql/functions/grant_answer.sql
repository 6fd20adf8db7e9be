-- What a dedupe key that was used before answers: the first grant again where the question is the same, a conflict that
-- names the first differing field where it is not. No outcome where the key is new.
CREATE OR REPLACE FUNCTION purser.grant_answer(
  p_slot integer, p_tenant text, p_feature text, p_amount numeric, p_dedupe_key text, p_subject text, p_source text,
  p_effective_at timestamptz, p_expires_at timestamptz, p_priority integer, p_unlimited boolean, p_metadata jsonb,
  OUT outcome text, OUT field text, OUT grant_id uuid, OUT available numeric, OUT version bigint
)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_grant record;
BEGIN
  SELECT g.grant_id, g.subject, g.feature, g.amount, g.unlimited, g.source, g.effective_at, g.issued_at, g.expires_at,
         g.priority, g.metadata, g.issued_version
    INTO v_grant
    FROM purser.grants g WHERE g.tenant_id = p_tenant AND g.dedupe_key = p_dedupe_key AND g.slot = p_slot;
  IF v_grant.grant_id IS NULL THEN
    RETURN;
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
  outcome := CASE WHEN field IS NULL THEN 'granted' ELSE 'idempotency_conflict' END;
  IF outcome = 'granted' THEN
    grant_id := v_grant.grant_id;
    version := v_grant.issued_version;
    SELECT CASE WHEN f.balance_after < 0 THEN 0 ELSE f.balance_after END INTO available FROM purser.balance_facts f
      WHERE f.tenant_id = p_tenant AND f.subject = p_subject AND f.feature = p_feature
        AND f.version = v_grant.issued_version AND f.slot = p_slot;
  END IF;
END
$$;
