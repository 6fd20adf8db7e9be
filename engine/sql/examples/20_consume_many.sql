-- Several consumptions in one call are judged one by one, in order, each as if it had come alone: a large one that is
-- refused does not block the small one behind it. Who wants all or nothing says so. One request that needs several
-- features has one key, and its items are key#1, key#2, …, so a retry of the whole is a replay of each.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-01 09:00+00');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1');

-- 60 fit, 50 do not, 40 do.
SELECT item, idempotency_key, outcome, replayed, amount, available FROM purser.consume_many('acme', p_items => '[
  {"feature": "reports", "amount": 60, "idempotency_key": "r-1"},
  {"feature": "reports", "amount": 50, "idempotency_key": "r-2"},
  {"feature": "reports", "amount": 40, "idempotency_key": "r-3"}]');

-- The same call again: two replays, and the refusal is judged afresh. A key twice in one call is a replay as well.
SELECT item, idempotency_key, outcome, replayed, amount, available FROM purser.consume_many('acme', p_items => '[
  {"feature": "reports", "amount": 60, "idempotency_key": "r-1"},
  {"feature": "reports", "amount": 50, "idempotency_key": "r-2"},
  {"feature": "reports", "amount": 40, "idempotency_key": "r-3"},
  {"feature": "credits", "amount": 1, "idempotency_key": "c-1"},
  {"feature": "credits", "amount": 1, "idempotency_key": "c-1"}]');

-- One request, two features, all or nothing. 10 credits are too many, so the minutes are not taken either.
SELECT item, idempotency_key, outcome, replayed, amount, available
FROM purser.consume_many('acme', p_idempotency_key => 'call-1', p_atomic => true, p_items => '[
  {"feature": "minutes", "amount": 12}, {"feature": "credits", "amount": 10}]');
SELECT feature, used, available FROM purser.balances_current WHERE feature IN ('credits', 'minutes') ORDER BY feature;

-- Nothing was remembered of it. With 9 credits it passes, and again it is a replay.
SELECT item, idempotency_key, outcome, replayed, amount, available
FROM purser.consume_many('acme', p_idempotency_key => 'call-1', p_atomic => true, p_items => '[
  {"feature": "minutes", "amount": 12}, {"feature": "credits", "amount": 9}]');
SELECT item, idempotency_key, outcome, replayed, amount, available
FROM purser.consume_many('acme', p_idempotency_key => 'call-1', p_atomic => true, p_items => '[
  {"feature": "minutes", "amount": 12}, {"feature": "credits", "amount": 9}]');

SELECT feature, idempotency_key, amount, balance_after FROM purser.consumptions ORDER BY feature, version;
