-- The names of the plans and products that would allow what was denied: the newest version of each plan on sale that
-- includes the feature on a tier that suffices, and each product on sale that brings it. Empty for a denial that buying
-- something cannot lift.
CREATE OR REPLACE FUNCTION purser.unlocked_by(p_feature text, p_reason text, p_granted numeric) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
BEGIN
  IF p_reason NOT IN ('SUBSCRIPTION_INACTIVE', 'TRIAL_EXPIRED', 'TIER_INSUFFICIENT', 'NOT_INCLUDED', 'LIMIT_REACHED',
                      'INSUFFICIENT_BALANCE') THEN
    RETURN ARRAY[]::text[];
  END IF;
  RETURN ARRAY(
    SELECT o.key FROM (
      SELECT p.key, t.rank AS place, 0 AS sort
        FROM purser.plans p
        JOIN purser.plan_versions v ON v.plan = p.key
          AND v.version = (SELECT max(n.version) FROM purser.plan_versions n WHERE n.plan = p.key)
        JOIN purser.tiers t ON t.key = v.tier
        JOIN purser.features f ON f.key = p_feature
        LEFT JOIN purser.tiers m ON m.key = f.minimum_tier
        LEFT JOIN purser.plan_inclusions i ON i.plan = v.plan AND i.plan_version = v.version AND i.feature = p_feature
        WHERE p.active AND t.rank >= coalesce(m.rank, 0)
          AND (i.feature IS NOT NULL OR f.kind = 'flag' AND f.minimum_tier IS NOT NULL)
          AND (f.kind IN ('flag', 'value') OR p.addon OR i.unlimited OR i.amount > coalesce(p_granted, 0))
      UNION ALL
      SELECT p.key, 0, 1
        FROM purser.products p
        JOIN purser.product_inclusions i ON i.product = p.key AND i.feature = p_feature
          AND i.product_version = (SELECT max(n.version) FROM purser.product_versions n WHERE n.product = p.key)
        JOIN purser.features f ON f.key = p_feature
        WHERE p.active AND f.minimum_tier IS NULL
    ) o
    ORDER BY o.sort, o.place, o.key);
END
$$;
