-- Your row and the consumption that pays for it are one transaction: they are written together or not at all. Nothing
-- has to be compensated afterwards, because there is no instant at which one exists without the other. That is why
-- purser.consume is a function to call in the middle of a transaction of yours.

\ir 00_catalog.sql

SELECT pg_temp.open_tenant('acme', '2026-03-10 09:00+00');
SELECT outcome, available FROM purser.issue_grant('acme', 'credits', 10, 'order-1');
CREATE TEMP TABLE letters (letter_id integer PRIMARY KEY, body text NOT NULL);

-- A letter costs 4 credits. Both rows are committed.
BEGIN;
INSERT INTO letters VALUES (1, 'Dear Ann');
SELECT outcome, available FROM purser.consume('acme', 'credits', 4, 'letter-1');
COMMIT;

-- Something else goes wrong later in the transaction. Both rows are gone.
BEGIN;
INSERT INTO letters VALUES (2, 'Dear Ben');
SELECT outcome, available FROM purser.consume('acme', 'credits', 4, 'letter-2');
ROLLBACK;

SELECT letter_id, body FROM letters ORDER BY letter_id;
SELECT idempotency_key, amount, balance_after FROM purser.consumptions ORDER BY version;

-- What was rolled back never happened, so its key is free and the second attempt is the first one.
BEGIN;
INSERT INTO letters VALUES (2, 'Dear Ben');
SELECT outcome, replayed, available FROM purser.consume('acme', 'credits', 4, 'letter-2');
COMMIT;

-- A refusal is an answer and not an error: the transaction goes on, and it is yours to roll back.
BEGIN;
INSERT INTO letters VALUES (3, 'Dear Cas');
SELECT outcome, available FROM purser.consume('acme', 'credits', 4, 'letter-3');
ROLLBACK;

SELECT letter_id, body FROM letters ORDER BY letter_id;
SELECT idempotency_key, amount, balance_after FROM purser.consumptions ORDER BY version;
SELECT granted, used, available FROM purser.balances_current;
