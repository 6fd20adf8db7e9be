/** A tenant: the customer of the application, the unit of isolation. */
export interface Tenant {
  readonly tenant: string;
  readonly name: string;
  /** A `test` tenant has a clock of its own. */
  readonly mode: "live" | "test";
  /** IANA name; windows are counted on this zone's wall clock. */
  readonly timeZone: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Counts the changes of what the tenant may use. */
  readonly version: number;
  readonly createdAt: Date;
  readonly metadata: Readonly<Record<string, unknown>>;
}
