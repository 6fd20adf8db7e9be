import { expect, test } from "vitest";
import { instantAt } from "../src/format.ts";

test.each([
  ["2031-05-01T10:00", "UTC", "2031-05-01T10:00:00.000Z"],
  ["2031-05-01T10:00:30", "Europe/Berlin", "2031-05-01T08:00:30.000Z"],
  ["2031-01-05T10:29", "Australia/Adelaide", "2031-01-04T23:59:00.000Z"],
  ["2031-05-01T10:00", "America/St_Johns", "2031-05-01T12:30:00.000Z"],
  // The last hour before the clocks are put forward, the hour that is left out, and the first after it.
  ["2031-03-30T01:59", "Europe/Berlin", "2031-03-30T00:59:00.000Z"],
  ["2031-03-30T02:30", "Europe/Berlin", "2031-03-30T01:30:00.000Z"],
  ["2031-03-30T03:00", "Europe/Berlin", "2031-03-30T01:00:00.000Z"],
  // The hour that comes twice is its first coming.
  ["2031-10-26T02:30", "Europe/Berlin", "2031-10-26T00:30:00.000Z"],
  ["2031-10-26T03:00", "Europe/Berlin", "2031-10-26T02:00:00.000Z"],
  // A day that was left out altogether.
  ["2011-12-31T12:00", "Pacific/Apia", "2011-12-30T22:00:00.000Z"],
  ["2031-05-01T10:00", "Mars/Olympus", "2031-05-01T10:00:00.000Z"],
  ["soon", "UTC", undefined],
  ["", "UTC", undefined],
])("a wall clock that shows %s in %s", (typed, zone, instant) => {
  expect(instantAt(typed, zone)).toBe(instant);
});
