// The one place that reads this machine's clock. Decisions about a tenant use the database's time (purser.tenant_now), so
// that many processes agree; this one dates catalogue revisions and measures how long things take.

/** The current instant of this machine. */
export function now(): Date {
  return new Date();
}
