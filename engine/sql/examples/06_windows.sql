-- Window n of an allowance is [anchor + n × interval, anchor + (n + 1) × interval), on the wall clock of the tenant's
-- zone. The anchor is never moved, so a subscription of 31 January turns on the last of February and on 31 March again.
-- Windows tile: the end of each is the beginning of the next, and an instant lies in exactly one.

\ir 00_catalog.sql

-- Months from 31 January, in an ordinary year and in a leap year.
SELECT w.number, w.starts_at, w.ends_at
FROM generate_series(0, 150, 30) day,
     purser.window_at('month', 1, '2026-01-31 10:00+00', 'UTC', '2026-01-31 10:00+00'::timestamptz + make_interval(days => day)) w;
SELECT w.number, w.starts_at, w.ends_at
FROM generate_series(0, 90, 30) day,
     purser.window_at('month', 1, '2028-01-31 10:00+00', 'UTC', '2028-01-31 10:00+00'::timestamptz + make_interval(days => day)) w;

-- Years from 29 February come back to it.
SELECT w.number, w.starts_at, w.ends_at
FROM generate_series(2028, 2032) year,
     purser.window_at('year', 1, '2028-02-29 00:00+00', 'UTC', make_timestamptz(year, 6, 1, 0, 0, 0, 'UTC')) w;

-- Days in New York: nine in the morning stays nine in the morning, so one day of March has 23 hours and one of November 25.
SELECT w.number, w.starts_at AT TIME ZONE 'America/New_York' AS starts_in_new_york, w.starts_at, w.ends_at - w.starts_at AS lasts
FROM generate_series(0, 2) day, purser.window_at('day', 1, '2026-03-06 14:00+00', 'America/New_York',
     '2026-03-06 15:00+00'::timestamptz + make_interval(days => day)) w;
SELECT w.number, w.starts_at AT TIME ZONE 'America/New_York' AS starts_in_new_york, w.starts_at, w.ends_at - w.starts_at AS lasts
FROM generate_series(238, 240) day, purser.window_at('day', 1, '2026-03-06 14:00+00', 'America/New_York',
     '2026-03-06 15:00+00'::timestamptz + make_interval(days => day)) w;

-- Hours are counted in elapsed time: the one that the clocks show twice is two windows.
SELECT w.number, w.starts_at AT TIME ZONE 'America/New_York' AS starts_in_new_york, w.starts_at, w.ends_at - w.starts_at AS lasts
FROM generate_series(0, 3) hour, purser.window_at('hour', 1, '2026-11-01 04:00+00', 'America/New_York',
     '2026-11-01 04:30+00'::timestamptz + make_interval(hours => hour)) w;

-- Over two years no window leaves a gap, overlaps, or misses the instant it was asked for; nor before its anchor.
SELECT unit, count(*) AS asked, count(*) FILTER (WHERE NOT (w.starts_at <= i.at AND i.at < w.ends_at)) AS missed,
       count(*) FILTER (WHERE following.starts_at <> w.ends_at OR following.number <> w.number + 1) AS torn
FROM unnest(ARRAY['day', 'hour', 'month', 'week', 'year']) unit
CROSS JOIN LATERAL (SELECT '2025-03-01 00:00+00'::timestamptz + make_interval(hours => 31 * n) AS at FROM generate_series(0, 560) n) i
CROSS JOIN LATERAL purser.window_at(unit, 2, '2026-01-31 07:30+00', 'America/New_York', i.at) w
CROSS JOIN LATERAL purser.window_at(unit, 2, '2026-01-31 07:30+00', 'America/New_York', w.ends_at) following
GROUP BY unit ORDER BY unit;

-- And so a tenant in New York has its five alerts again at nine o'clock, on the short day too.
SELECT pg_temp.open_tenant('acme', '2026-03-07 14:00+00', 'America/New_York');
SELECT pg_temp.put_on_plan('acme', 'pro');
SELECT outcome, available, resets_at FROM purser.consume('acme', 'alerts', 5, 'a-1');
SELECT * FROM purser.advance_test_clock('acme', '2026-03-08 12:59:59+00');
SELECT outcome, available FROM purser.consume('acme', 'alerts', 1, 'a-2');
SELECT * FROM purser.advance_test_clock('acme', '2026-03-08 13:00+00');
SELECT outcome, available, resets_at FROM purser.consume('acme', 'alerts', 1, 'a-2');
