-- Who is signed in to the console: a directory of its own, so that the keys are keys and nothing else. A row is bound to the
-- key it was opened with, by its hash; it leaves when the session ends.

CREATE TABLE purser.console_sessions (
  session_id  text        COLLATE "C" NOT NULL PRIMARY KEY,
  secret_hash bytea       NOT NULL CHECK (length(secret_hash) = 32),
  key_id      text        COLLATE "C" NOT NULL,
  opened_at   timestamptz NOT NULL,
  ends_at     timestamptz NOT NULL
);

-- Sessions were rows beside the keys until now. Whoever is signed in signs in once more.
DELETE FROM purser.api_keys
WHERE scopes = '{}' AND created_by LIKE 'key:%' AND name = 'console session of key ' || substr(created_by, 5);
