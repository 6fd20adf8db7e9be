-- Every balance as it stands at this instant, due boundaries counted whether or not anybody has turned them.
CREATE OR REPLACE VIEW purser.balances_current WITH (security_invoker = true) AS
SELECT b.tenant_id, b.subject, b.feature, n.kind, n.enforcement, n.denied_reason, n.restricted_by, n.unlimited, n.granted,
       n.used, n.held, n.available, n.overage, n.claimed, n.version, n.as_of, n.next_change_at, n.over_limit
FROM purser.balances b
CROSS JOIN LATERAL purser.balance_now(b.slot, b.tenant_id, b.subject, b.feature) n;
