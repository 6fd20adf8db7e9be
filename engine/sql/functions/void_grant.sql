-- Ends a grant early: what is left of it lapses at this instant, what was spent stays spent and keeps its lineage. A refund
-- records what was spent as the shortfall, here and in the audit log; the balance is never made negative.
--
-- Outcomes in their precedence: invalid_input (field), grant_unknown; else voided, also the second time (replayed).
CREATE OR REPLACE FUNCTION purser.void_grant(
  p_tenant text, p_dedupe_key text, p_reason text, p_actor text, p_refund boolean DEFAULT false,
  OUT outcome text, OUT replayed boolean, OUT field text, OUT lapsed numeric, OUT shortfall numeric, OUT available numeric,
  OUT version bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
  v_slot   integer := purser.slot_of(p_tenant);
  v_grant  record;
  v_void   record;
  v_open   record;
  v_closed record;
  v_row    record;
  v_now    timestamptz;
BEGIN
  replayed := false;
  field := CASE
    WHEN p_tenant IS NULL OR p_tenant = '' THEN 'tenant'
    WHEN p_dedupe_key IS NULL OR p_dedupe_key = '' THEN 'dedupeKey'
    WHEN p_reason IS NULL OR p_reason = '' OR length(p_reason) > 1000 THEN 'reason'
    -- The name under which the engine itself ends grants.
    WHEN p_actor IS NULL OR p_actor IN ('', 'purser') OR length(p_actor) > 200 THEN 'actor'
    WHEN p_refund IS NULL THEN 'refund'
  END;
  IF field IS NOT NULL THEN
    outcome := 'invalid_input';
    RETURN;
  END IF;
  SELECT g.grant_id, g.subject, g.feature, g.unlimited, g.source INTO v_grant
    FROM purser.grants g WHERE g.tenant_id = p_tenant AND g.dedupe_key = p_dedupe_key AND g.slot = v_slot;
  IF v_grant.grant_id IS NULL THEN
    outcome := 'grant_unknown';
    RETURN;
  END IF;
  SELECT f.* INTO v_row FROM purser.freshen_balance(v_slot, p_tenant, v_grant.subject, v_grant.feature) f;
  v_now := v_row.now_at;

  outcome := 'voided';
  SELECT v.lapsed, v.shortfall, v.voided_version INTO v_void
    FROM purser.grant_voids v WHERE v.tenant_id = p_tenant AND v.grant_id = v_grant.grant_id AND v.slot = v_slot;
  IF v_void.voided_version IS NOT NULL THEN
    replayed := true;
    lapsed := v_void.lapsed;
    shortfall := v_void.shortfall;
    version := v_void.voided_version;
    SELECT CASE WHEN f.balance_after < 0 THEN 0 ELSE f.balance_after END INTO available FROM purser.balance_facts f
      WHERE f.tenant_id = p_tenant AND f.subject = v_grant.subject AND f.feature = v_grant.feature
        AND f.version = v_void.voided_version AND f.slot = v_slot;
    RETURN;
  END IF;

  SELECT c.* INTO v_closed
    FROM purser.close_interval(v_slot, p_tenant, v_row.subject, v_grant.feature, v_now, false) c;
  DELETE FROM purser.open_grants o
    WHERE o.tenant_id = p_tenant AND o.subject = v_row.subject AND o.feature = v_grant.feature
      AND o.grant_id = v_grant.grant_id AND o.slot = v_slot
    RETURNING o.amount - o.used AS remaining INTO v_open;
  lapsed := CASE WHEN v_grant.unlimited THEN 0 ELSE coalesce(v_open.remaining, 0) - CASE WHEN v_open.remaining IS NULL THEN 0 ELSE (
    SELECT coalesce(sum(p.amount), 0)
      FROM purser.holds h
      JOIN purser.hold_pins p ON p.tenant_id = h.tenant_id AND p.hold_key = h.hold_key AND p.slot = h.slot
      WHERE h.tenant_id = p_tenant AND h.subject = v_row.subject AND h.feature = v_grant.feature AND h.slot = v_slot
        AND h.status = 'open' AND p.grant_id = v_grant.grant_id) END END;
  shortfall := CASE WHEN p_refund THEN purser.grant_used(v_slot, p_tenant, v_grant.grant_id) ELSE 0 END;
  version := v_row.version + 1;
  INSERT INTO purser.grant_voids (slot, tenant_id, grant_id, lapsed, shortfall, reason, voided_by, voided_at, voided_version)
    VALUES (v_slot, p_tenant, v_grant.grant_id, lapsed, shortfall, p_reason, p_actor, v_now, version);
  PERFORM purser.append_audit(v_slot, p_tenant, p_actor, 'grant.void', v_grant.grant_id::text, NULL,
                              jsonb_build_object('dedupeKey', p_dedupe_key, 'reason', p_reason, 'refund', p_refund,
                                                 'lapsed', lapsed, 'shortfall', shortfall), v_now);
  SELECT o.available INTO available
    FROM purser.open_interval(v_slot, p_tenant, v_row.subject, v_grant.feature, v_now, v_closed.window_turned, 'void',
                              CASE WHEN v_grant.source IN ('product', 'top_up') THEN 'purchase_grant' ELSE 'manual_refresh' END,
                              lapsed, v_grant.grant_id::text) o;
  lapsed := round(lapsed, 6);
  shortfall := round(shortfall, 6);
END
$$;
