/** The kinds of features, what counts first, each with its heading. */
export const kinds = [
  ["credits", "Credits: prepaid units"],
  ["metered", "Metered: an amount per window"],
  ["capacity", "Capacity: how many at once"],
  ["value", "Values"],
  ["flag", "Flags: on or off"],
] as const;
