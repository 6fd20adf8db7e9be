-- Foreign keys between tenant tables, all of them with the slot, in a file of their own because a distributed engine has
-- to set them aside while it places the tables.
--
-- The hot facts (balance_facts, burns, allocations, outbox, usage_events, check_audit) have none. Each check would take a row lock on
-- the tenant or the balance for every consumption, which makes unrelated balances of one tenant wait for each other's
-- shared-lock bookkeeping; the one function that writes them holds the balance row locked, and verify proves the link.

ALTER TABLE purser.test_clocks ADD FOREIGN KEY (tenant_id, mode, slot) REFERENCES purser.tenants (tenant_id, mode, slot);
ALTER TABLE purser.subscriptions ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot);
ALTER TABLE purser.subscription_periods ADD FOREIGN KEY (tenant_id, subscription_id, slot)
  REFERENCES purser.subscriptions (tenant_id, subscription_id, slot);
ALTER TABLE purser.transitions ADD FOREIGN KEY (tenant_id, subscription_id, slot)
  REFERENCES purser.subscriptions (tenant_id, subscription_id, slot);
ALTER TABLE purser.entitlements ADD FOREIGN KEY (tenant_id, subscription_id, slot)
  REFERENCES purser.subscriptions (tenant_id, subscription_id, slot);
ALTER TABLE purser.restrictions ADD FOREIGN KEY (tenant_id, transition_id, slot)
  REFERENCES purser.transitions (tenant_id, transition_id, slot);
ALTER TABLE purser.overrides ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot);
ALTER TABLE purser.purchases ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot);
ALTER TABLE purser.scheduled_actions ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot);
ALTER TABLE purser.allowances ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot);
ALTER TABLE purser.balances ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot);
ALTER TABLE purser.grants ADD FOREIGN KEY (tenant_id, subject, feature, slot)
  REFERENCES purser.balances (tenant_id, subject, feature, slot);
ALTER TABLE purser.grant_voids ADD FOREIGN KEY (tenant_id, grant_id, slot)
  REFERENCES purser.grants (tenant_id, grant_id, slot);
ALTER TABLE purser.open_grants ADD FOREIGN KEY (tenant_id, grant_id, slot)
  REFERENCES purser.grants (tenant_id, grant_id, slot);
ALTER TABLE purser.holds ADD FOREIGN KEY (tenant_id, subject, feature, slot)
  REFERENCES purser.balances (tenant_id, subject, feature, slot);
ALTER TABLE purser.hold_pins ADD FOREIGN KEY (tenant_id, hold_key, slot)
  REFERENCES purser.holds (tenant_id, hold_key, slot);
ALTER TABLE purser.claims ADD FOREIGN KEY (tenant_id, subject, feature, slot)
  REFERENCES purser.balances (tenant_id, subject, feature, slot);
ALTER TABLE purser.resource_snapshots ADD FOREIGN KEY (tenant_id, subject, feature, slot)
  REFERENCES purser.balances (tenant_id, subject, feature, slot);
ALTER TABLE purser.value_events ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot);
ALTER TABLE purser.value_event_waivers ADD FOREIGN KEY (tenant_id, value_event_id, slot)
  REFERENCES purser.value_events (tenant_id, value_event_id, slot);
ALTER TABLE purser.books ADD FOREIGN KEY (tenant_id, slot) REFERENCES purser.tenants (tenant_id, slot);
ALTER TABLE purser.accounts ADD FOREIGN KEY (tenant_id, currency, slot)
  REFERENCES purser.books (tenant_id, currency, slot);
ALTER TABLE purser.ledger_entries ADD FOREIGN KEY (tenant_id, currency, slot)
  REFERENCES purser.books (tenant_id, currency, slot);
ALTER TABLE purser.invoices ADD FOREIGN KEY (tenant_id, currency, slot)
  REFERENCES purser.books (tenant_id, currency, slot);
ALTER TABLE purser.invoice_lines ADD FOREIGN KEY (tenant_id, invoice_id, slot)
  REFERENCES purser.invoices (tenant_id, invoice_id, slot);
ALTER TABLE purser.webhook_deliveries ADD FOREIGN KEY (tenant_id, change_id, slot)
  REFERENCES purser.changes (tenant_id, change_id, slot);
