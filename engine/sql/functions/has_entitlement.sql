-- Whether the tenant is entitled to a feature at all: false without an active subscription (or a purchase that stands on
-- its own), whatever is left of an amount; true also for one that is used up. An unknown feature or tenant: false.
CREATE OR REPLACE FUNCTION purser.has_entitlement(p_tenant text, p_feature text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
DECLARE
  v_slot    integer := purser.slot_of(p_tenant);
  v_allowed boolean;
BEGIN
  SELECT r.allowed INTO v_allowed
    FROM purser.resolve_entitlement(v_slot, p_tenant, '', p_feature, purser.tenant_now(v_slot, p_tenant)) r;
  RETURN coalesce(v_allowed, false);
END
$$;
