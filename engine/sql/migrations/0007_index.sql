-- Secondary indexes, each with the question that needs it. The append path carries none beyond its two unique ones.

-- The boundary worker's one unlocked read: what is due. Consuming never changes next_change_at, so updates stay HOT. Test
-- tenants apart, because theirs are due by clocks of their own: by this machine's they would be read again every time.
CREATE INDEX balances_due ON purser.balances (next_change_at, slot) WHERE NOT test AND next_change_at < 'infinity';
CREATE INDEX balances_due_test ON purser.balances (tenant_id, next_change_at, slot) WHERE test AND next_change_at < 'infinity';

-- Which allowances feed this balance.
CREATE INDEX allowances_of_feature ON purser.allowances (tenant_id, feature, slot);

-- The grants of one balance: those of a window for what it was used for before, all of them for explain and verify.
CREATE INDEX grants_of_balance ON purser.grants (tenant_id, subject, feature, effective_at, slot);

-- Which purchases, overrides and restrictions speak about a feature.
CREATE INDEX overrides_of_feature ON purser.overrides (tenant_id, feature, slot);
CREATE INDEX restrictions_of_feature ON purser.restrictions (tenant_id, feature, slot);

-- The open holds of one balance, soonest expiry first.
CREATE INDEX holds_open ON purser.holds (tenant_id, subject, feature, expires_at, slot) WHERE status = 'open';

-- What a grant has paid for, and what came back to it.
CREATE INDEX burns_of_grant ON purser.burns (tenant_id, grant_id, slot);
CREATE INDEX allocations_of_grant ON purser.allocations (tenant_id, grant_id, slot);

-- The reversals of a consumption.
CREATE INDEX facts_reversing ON purser.balance_facts (tenant_id, reference, slot) WHERE kind = 'reverse';

-- The open claims of one balance, newest first.
CREATE INDEX claims_open ON purser.claims (tenant_id, subject, feature, claimed_version, slot) WHERE released_at IS NULL;

-- Of two base subscriptions a tenant has one.
CREATE UNIQUE INDEX subscriptions_one_base ON purser.subscriptions (tenant_id, slot) WHERE NOT addon;

-- At most one change of plan waits per subscription.
CREATE UNIQUE INDEX transitions_one_pending ON purser.transitions (tenant_id, subscription_id, slot) WHERE status = 'pending';

-- What is published next. The time comes first, so that it grows at its end; whose slots it is about is read from it as well.
CREATE INDEX outbox_next ON purser.outbox (recorded_at, slot);
-- What was published after this number, slot by slot.
CREATE UNIQUE INDEX changes_published ON purser.changes (slot, published_no);

-- What is due and whose turn it is.
CREATE INDEX scheduled_actions_due ON purser.scheduled_actions (execute_at, slot) WHERE status IN ('pending', 'failed');

-- A tenant's audit and usage, newest first.
CREATE INDEX audit_log_recent ON purser.audit_log (tenant_id, recorded_at, slot);
CREATE INDEX usage_events_recent ON purser.usage_events (tenant_id, occurred_at, slot);
CREATE INDEX value_events_recent ON purser.value_events (tenant_id, occurred_at, slot);

-- Where the overage of a balance began to count, at any version of it; consuming never turns a window.
CREATE INDEX facts_turning ON purser.balance_facts (tenant_id, subject, feature, version, slot) WHERE window_turned;

-- Every hold of one balance, ended ones too: those that were open at a past version.
CREATE INDEX holds_of_balance ON purser.holds (tenant_id, subject, feature, reserved_version, slot);
