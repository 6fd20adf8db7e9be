import { exampleCatalog } from "@purser/server";
import type { Bar } from "../bar.ts";
import type { Ground } from "../ground.ts";

/** What a change of a catalogue of 1,000 features would do, beside reading and writing the same catalogue as JSON. */
export function catalogBars({ purser }: Ground): Bar[] {
  const features = Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => [`bench.${i}`, { kind: "flag", name: `Feature ${i}`, minimumTier: "pro" }]),
  );
  const catalog = { ...exampleCatalog, features: { ...exampleCatalog.features, ...features } };
  let wrong = 0;
  return [
    {
      name: "catalog.diff",
      what: "purser.diffCatalog of 1,000 added features, beside JSON.parse(JSON.stringify(…)) of that catalogue",
      calls: 10,
      rounds: 5,
      ours: {
        name: "diffCatalog",
        async once() {
          const diff = await purser.diffCatalog({ catalog });
          if (JSON.stringify(diff).split("bench.").length < 1000) wrong += 1;
        },
      },
      bare: {
        name: "JSON round trip",
        once() {
          JSON.parse(JSON.stringify(catalog));
          return Promise.resolve();
        },
      },
      check: () => Promise.resolve(wrong === 0 ? undefined : `${wrong} times a feature was missing`),
    },
  ];
}
