-- What every tenant may use at this instant: one row a tenant and feature on sale, with the reason.
CREATE OR REPLACE VIEW purser.entitlements_current WITH (security_invoker = true) AS
SELECT t.tenant_id, f.key AS feature, c.kind, c.allowed, c.reason, c.tier, c.required_tier, c.value, c.quantity_limit, c.used,
       c.remaining, c.unlimited, c.over_limit, c.resets_at, c.source, c.restricted_by, c.unlocked_by, c.as_of, c.version
FROM purser.tenants t
CROSS JOIN purser.features f
CROSS JOIN LATERAL purser.check_entitlement(t.tenant_id, f.key) c
WHERE f.active AND t.erased_at IS NULL;
