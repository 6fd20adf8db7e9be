// Time of the model: whole microseconds since 1970 in a number, which is exact until the year 2255, and the windows of an
// allowance, worked out on the wall clock of a zone with the time zones that Node knows (Intl).

/** Whole microseconds since 1970; Infinity never comes, -Infinity always was. */
export type Instant = number;
/** What a clock on the wall of some zone shows, written as if the zone were UTC. */
type WallTime = number;

export const SECOND = 1_000_000;
export const HOUR = 3600 * SECOND;
export const DAY = 24 * HOUR;

const written = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d(?::?\d\d)?)$/;

/** An instant as PostgreSQL or ISO 8601 writes it. */
export function instantOf(text: string): Instant {
  if (text === "infinity" || text === "-infinity") return text === "infinity" ? Infinity : -Infinity;
  const [found, year, month, day, hour, minute, second = "0", fraction = "", zone = ""] = written.exec(text) ?? [];
  if (found === undefined) throw new Error(`not an instant: ${text}`);
  const wall = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const [, sign, hours = "0", minutes = "0"] = /([+-])(\d\d):?(\d\d)?/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60 : 60);
  return wall * 1000 + Number(fraction.padEnd(6, "0")) - offset * SECOND;
}

/** As a PostgreSQL session in UTC writes it. */
export function writtenInstant(instant: Instant): string {
  if (!Number.isFinite(instant)) return instant > 0 ? "infinity" : "-infinity";
  const microseconds = ((instant % SECOND) + SECOND) % SECOND;
  const date = new Date((instant - microseconds) / 1000).toISOString();
  const fraction = microseconds === 0 ? "" : `.${microseconds.toString().padStart(6, "0").replace(/0+$/, "")}`;
  return `${date.slice(0, 10)} ${date.slice(11, 19)}${fraction}+00`;
}

const QUARTER = 900 * SECOND;
const clocks = new Map<string, { format: Intl.DateTimeFormat; ahead: Map<number, number> }>();
function clockOf(zone: string) {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    const digits = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", second: "2-digit", ...digits });
    clock = { format, ahead: new Map() };
    clocks.set(zone, clock);
  }
  return clock;
}

/** Clocks are changed on the quarter of an hour, so what they show is worked out once for each quarter and zone. */
function wallTime(instant: Instant, zone: string): WallTime {
  const { format, ahead } = clockOf(zone);
  const quarter = Math.floor(instant / QUARTER) * QUARTER;
  let offset = ahead.get(quarter);
  if (offset === undefined) {
    const shown = Object.fromEntries(
      format.formatToParts(quarter / 1000).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
    offset = Date.UTC(year, month - 1, day, hour, minute, second) * 1000 - quarter;
    ahead.set(quarter, offset);
  }
  return instant + offset;
}

/**
 * When the clocks of the zone show this. A time that they skip is as much later as they skip; of one that they show twice it
 * is the second.
 */
function instantAt(wall: WallTime, zone: string): Instant {
  // No zone has changed its clocks twice within two days; so the offset is that of the day before or that of the day after.
  const [before, after] = [wall - DAY, wall + DAY].map((near) => wallTime(near, zone) - near) as [number, number];
  const shown = [wall - before, wall - after].filter((instant) => wallTime(instant, zone) === wall);
  return shown.length === 0 ? wall - before : Math.max(...shown);
}

export type WindowUnit = "hour" | "day" | "week" | "month" | "year" | "lifetime";
export interface WindowRule {
  readonly unit: WindowUnit;
  readonly count: number;
  readonly anchor: Instant;
  readonly zone: string;
}
export interface Window {
  readonly number: number;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
}

const about = { hour: HOUR, day: DAY, week: 7 * DAY, month: 30.44 * DAY, year: 365.25 * DAY };

function laterByMonths(wall: WallTime, months: number): WallTime {
  const date = new Date(Math.floor(wall / DAY) * (DAY / 1000));
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastDay)) * 1000 + (((wall % DAY) + DAY) % DAY);
}

/** Where window `number` begins: anchor + number × interval, on the wall clock, hours in elapsed time. */
function startOf(rule: WindowRule, number: number): Instant {
  const steps = number * rule.count;
  if (rule.unit === "hour") return rule.anchor + steps * HOUR;
  const wall = wallTime(rule.anchor, rule.zone);
  if (rule.unit === "day" || rule.unit === "week") return instantAt(wall + steps * about[rule.unit], rule.zone);
  return instantAt(laterByMonths(wall, rule.unit === "year" ? 12 * steps : steps), rule.zone);
}

/** The window that holds the instant: found by counting up, so that windows tile by construction. */
export function windowAt(rule: WindowRule, at: Instant): Window {
  if (rule.unit === "lifetime") return { number: 0, startsAt: -Infinity, endsAt: Infinity };
  let number = Math.floor((at - rule.anchor) / (about[rule.unit] * rule.count)) - 2;
  while (startOf(rule, number + 1) <= at) number += 1;
  return { number, startsAt: startOf(rule, number), endsAt: startOf(rule, number + 1) };
}

/** Where the window that begins `windows` windows after the one at `at` ends. */
export const endOfWindows = (rule: WindowRule, at: Instant, windows: number): Instant =>
  rule.unit === "lifetime" ? Infinity : startOf(rule, windowAt(rule, at).number + windows);
