-- Locks a tenant and every balance it has, in the order of their keys, and says what time it is for a change of its access:
-- later than everything that has happened to any of them. Whoever asks the clock before, writes a rule that was in force when
-- something happened that did not go by it.
CREATE OR REPLACE FUNCTION purser.lock_tenant(
  p_slot integer, p_tenant text, OUT is_known boolean, OUT now_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
BEGIN
  SELECT true INTO is_known FROM purser.tenants t WHERE t.tenant_id = p_tenant AND t.slot = p_slot FOR NO KEY UPDATE;
  is_known := coalesce(is_known, false);
  SELECT max(l.as_of) INTO now_at FROM (
    SELECT b.as_of FROM purser.balances b
    WHERE b.tenant_id = p_tenant AND b.slot = p_slot
    ORDER BY b.subject, b.feature
    FOR NO KEY UPDATE) l;
  now_at := greatest(now_at, purser.tenant_now(p_slot, p_tenant));
END
$$;
