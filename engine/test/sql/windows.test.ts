// purser.window_at: windows tile, whatever the anchor, the zone and the unit, and a lost day comes back.
import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../behaviour/fixture/database.ts";

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.adminUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const zones = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns"];
const units = ["hour", "day", "week", "month", "year"];

test("B01 B02: windows tile: strictly increasing, half open, and the one found holds the instant", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.date({ min: new Date("2019-12-28T00:00:00Z"), max: new Date("2024-03-02T00:00:00Z"), noInvalidDate: true }),
      fc.constantFrom(...zones),
      fc.constantFrom(...units),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: -400 * 86_400, max: 3000 * 86_400 }),
      async (anchor, zone, unit, count, seconds) => {
        const { rows } = await client.query(
          `WITH first AS (
             SELECT w.* FROM purser.window_at($1, $2, $3, $4, $3::timestamptz + make_interval(secs => $5)) w
           ), following AS (SELECT n.* FROM first, purser.window_at($1, $2, $3, $4, first.ends_at) n)
           SELECT first.starts_at <= $3::timestamptz + make_interval(secs => $5) AS holds_start,
                  $3::timestamptz + make_interval(secs => $5) < first.ends_at AS holds_end,
                  following.starts_at = first.ends_at AND following.ends_at > following.starts_at AS tiles,
                  following.number = first.number + 1 AS counts
           FROM first, following`,
          [unit, count, anchor, zone, seconds],
        );
        expect(rows).toEqual([{ holds_start: true, holds_end: true, tiles: true, counts: true }]);
      },
    ),
    { numRuns: 600 },
  );
});

test.each([
  // anchor, months, zone, then the local days on which windows begin
  ["2026-01-31T12:00:00Z", 1, "UTC", "2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-31"],
  ["2024-01-30T12:00:00Z", 1, "UTC", "2024-01-30 2024-02-29 2024-03-30 2024-04-30"],
  ["2024-02-29T12:00:00Z", 12, "UTC", "2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29"],
  ["2025-11-29T12:00:00Z", 3, "UTC", "2025-11-29 2026-02-28 2026-05-29"],
  ["2026-01-31T23:30:00-05:00", 1, "America/New_York", "2026-01-31 2026-02-28 2026-03-31 2026-04-30"],
])("B01: anchor %s, every %i months in %s", async (anchor, months, zone, days) => {
  const wanted = days.split(" ");
  const { rows } = await client.query(
    `SELECT to_char(w.starts_at AT TIME ZONE $3, 'YYYY-MM-DD') AS day
     FROM generate_series(0, $4::int - 1) n,
     purser.window_at('month', $2, $1, $3,
       ((($1::timestamptz AT TIME ZONE $3) + make_interval(months => $2 * n)) AT TIME ZONE $3)) w`,
    [anchor, months, zone, wanted.length],
  );
  expect(rows.map(({ day }) => day)).toEqual(wanted);
});

test("B01 B02: of anchors on the 28th to the 31st 240 months tile, and the day is back wherever the month has it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("2026-01-28", "2024-01-29", "2024-02-29", "2025-04-30", "2026-01-31", "2023-12-31"),
      fc.integer({ min: 0, max: 1439 }),
      fc.constantFrom(...zones),
      fc.constantFrom(["month", 1], ["month", 3], ["month", 6], ["year", 1]),
      async (day, minutes, zone, [unit, count]) => {
        const { rows } = await client.query(
          `WITH a (anchor) AS (SELECT ($1::date + make_interval(mins => $2)) AT TIME ZONE $3),
           starts AS (
             SELECT n, w.starts_at, lead(w.starts_at) OVER (ORDER BY n) AS following, w.starts_at AT TIME ZONE $3 AS local,
                    extract(day FROM a.anchor AT TIME ZONE $3) AS wanted, first.number AS found, last.number AS found_last
             FROM a, generate_series(0, 240 / ($5 * CASE $4 WHEN 'year' THEN 12 ELSE 1 END)) n
             CROSS JOIN LATERAL (SELECT purser.window_start($4, $5, a.anchor, $3, n) AS starts_at) w
             CROSS JOIN LATERAL purser.window_at($4, $5, a.anchor, $3, w.starts_at) first
             CROSS JOIN LATERAL purser.window_at($4, $5, a.anchor, $3, w.starts_at - interval '1 microsecond') last)
           SELECT * FROM starts
           WHERE following <= starts_at OR found <> n OR found_last <> n - 1
              OR extract(day FROM local) <> least(wanted, extract(day FROM date_trunc('month', local) + interval '1 month - 1 day'))`,
          [day, minutes, zone, unit, count],
        );
        expect(rows).toEqual([]);
      },
    ),
    { numRuns: 40 },
  );
});

test("days follow the wall clock over daylight saving, hours do not", async () => {
  const { rows } = await client.query(
    `SELECT (SELECT extract(epoch FROM w.ends_at - w.starts_at)::int / 3600 FROM purser.window_at('day', 1, '2026-03-01T05:00:00Z', 'America/New_York',
       '2026-03-08T12:00:00Z') w) AS spring_day,
     (SELECT extract(epoch FROM w.ends_at - w.starts_at)::int / 3600 FROM purser.window_at('hour', 24, '2026-03-01T05:00:00Z', 'America/New_York',
       '2026-03-08T12:00:00Z') w) AS spring_hours`,
  );
  expect(rows).toEqual([{ spring_day: 23, spring_hours: 24 }]);
});

test("B04: the zone of the session changes nothing", async () => {
  const answers: unknown[] = [];
  for (const zone of ["UTC", "Asia/Kolkata", "Pacific/Kiritimati"]) {
    await client.query(`SET timezone = '${zone}'`);
    const { rows } = await client.query(
      "SELECT w.* FROM purser.window_at('month', 1, '2026-01-31T10:00:00Z', 'Europe/Berlin', '2026-06-15T00:00:00Z') w",
    );
    answers.push(rows);
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
});
