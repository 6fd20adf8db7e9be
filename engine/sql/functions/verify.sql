-- Recomputes what must hold of every balance from its immutable rows and answers what does not hold, each with what is wrong
-- in words: nothing is what anybody should see. One tenant, or all where none is named; its cost grows with the rows of the
-- tenant, so of many tenants ask one by one. With p_due also the balances that have been due for longer than that, which is
-- not wrong (whoever asks turns them) but says that no worker runs. The invariants are numbered in
-- engine/src/balance/README.md.
CREATE OR REPLACE FUNCTION purser.verify(p_tenant text DEFAULT NULL, p_due interval DEFAULT NULL)
RETURNS TABLE (invariant text, tenant_id text, subject text, feature text, version bigint, detail text)
LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 5
SET search_path = pg_catalog, purser, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT f.* FROM purser.verify_facts(p_tenant) f;
  RETURN QUERY SELECT p.* FROM purser.verify_payments(p_tenant) p;
  RETURN QUERY SELECT g.* FROM purser.verify_grants(p_tenant) g;
  RETURN QUERY SELECT h.* FROM purser.verify_holds(p_tenant) h;
  RETURN QUERY SELECT b.* FROM purser.verify_balances(p_tenant) b;
  RETURN QUERY SELECT 'a balance has been due for long', b.tenant_id, b.subject, b.feature, b.version, 'due since ' || b.next_change_at
    FROM purser.balances b
    WHERE p_due IS NOT NULL AND (p_tenant IS NULL OR b.tenant_id = p_tenant) AND b.next_change_at < 'infinity'
      AND b.next_change_at + p_due < CASE WHEN b.test THEN purser.tenant_now(b.slot, b.tenant_id) ELSE clock_timestamp() END;
END
$$;
