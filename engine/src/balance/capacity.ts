// What the commands on capacities answer with.

/** How full a capacity is. Whole slots, except where its limit is none. */
export interface Occupied {
  /** What is left of the limit; null while unlimited. */
  readonly available: number | null;
  /** By how much it is over its limit, as after a downgrade; nothing is taken away for it. */
  readonly overLimit: number;
}

/** Which slot: of a feature, under the name of the thing it stands for. */
export interface SlotInput<Feature extends string = string> {
  readonly tenant: string;
  readonly feature: Feature;
  /** The name of the thing, as the application calls it; 1 to 300 characters. */
  readonly resource: string;
  readonly subject?: string | undefined;
}
