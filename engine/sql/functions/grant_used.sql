-- What a grant has paid for in closed intervals and beside them, less what was given back. Of a grant in force
-- open_grants.used says the same. With a version: what it had paid for when its balance had that version.
CREATE OR REPLACE FUNCTION purser.grant_used(p_slot integer, p_tenant text, p_grant uuid, p_version bigint DEFAULT NULL)
RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
BEGIN
  RETURN coalesce((SELECT sum(b.to_used - b.from_used) FROM purser.burns b
                   WHERE b.tenant_id = p_tenant AND b.grant_id = p_grant AND b.slot = p_slot
                     AND (p_version IS NULL OR b.interval_no < (
                       SELECT f.interval_no FROM purser.balance_facts f
                       WHERE f.tenant_id = b.tenant_id AND f.subject = b.subject AND f.feature = b.feature
                         AND f.version = p_version AND f.slot = b.slot))), 0)
    + coalesce((SELECT sum(CASE f.kind WHEN 'reverse' THEN a.lapsed - a.amount ELSE a.amount END)
                FROM purser.allocations a
                JOIN purser.balance_facts f ON f.tenant_id = a.tenant_id AND f.subject = a.subject AND f.feature = a.feature
                  AND f.version = a.version AND f.slot = a.slot
                WHERE a.tenant_id = p_tenant AND a.grant_id = p_grant AND a.slot = p_slot
                  AND (p_version IS NULL OR a.version <= p_version)), 0);
END
$$;
