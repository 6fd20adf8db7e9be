// Numbers and times for people. Times are shown on the tenant's wall clock.

const figures = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 6 });

export const number = (value: number) => figures.format(value);

/** A number with its unit, where the feature has one. */
export function quantity(value: number, unit: string | undefined): string {
  return unit === undefined ? number(value) : `${number(value)} ${unit}`;
}

/** On the wall clock of a zone; a zone that this browser does not know is shown as UTC, and says so. */
export function onWallClock(instant: string, zone: string): string {
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  const at = new Date(instant);
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }).format(at);
  } catch {
    return `${new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(at)} UTC`;
  }
}

export const inUtc = (instant: string) =>
  `${new Date(instant)
    .toISOString()
    .replace("T", " ")
    .replace(/\.000Z$|Z$/, "")} UTC`;

const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" });
const steps = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** How far an instant is from another: "in 12 days". */
export function distance(instant: string, from: string): string {
  const seconds = (new Date(instant).getTime() - new Date(from).getTime()) / 1000;
  const [unit, length] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.round(seconds / length), unit);
}

/** An instant moved on by days, as the API takes it. */
export function daysAfter(instant: string, days: number): string {
  return new Date(new Date(instant).getTime() + days * 86_400_000).toISOString();
}

/** What a clock on the wall of a zone shows at an instant, as if it were UTC. */
function wallClock(instant: Date, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(instant);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
}

/**
 * The instant at which the wall clock of a zone shows what somebody typed, such as `2031-05-01T10:00`; undefined where that
 * is no time. An hour that comes twice is its first coming; one that is left out is the hour after it.
 */
export function instantAt(typed: string, zone: string): string | undefined {
  const shown = new Date(`${typed}Z`).getTime();
  if (Number.isNaN(shown)) return undefined;
  const known = isZone(zone) ? zone : "UTC";
  // The zone is as far from UTC as it was a day before or is a day after; between these two lies at most one change.
  const away = [-1, 1].map((days) => {
    const near = new Date(shown + days * 86_400_000);
    return wallClock(near, known) - near.getTime();
  });
  const fitting = away.map((offset) => shown - offset).filter((at) => wallClock(new Date(at), known) === shown);
  return new Date(fitting[0] ?? shown - (away[0] ?? 0)).toISOString();
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
