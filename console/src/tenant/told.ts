// What the server tells about one balance when it is asked why: asked for when somebody looks, and again when the page was.
import type { Explanation, Fact } from "@purser/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Asked, useAsked } from "../asking.ts";
import { sentenceOf, useSession } from "../session.tsx";
import type { Holding, Shown } from "./shown.ts";

/** One balance on the page. */
export interface Behind {
  readonly shown: Shown;
  readonly holding: Holding;
  /** For people; empty where it has none but its key. */
  readonly name: string;
  /** The name or the key, as labels can have it. */
  readonly called: string;
  readonly unit: string | undefined;
  /** Something happened: what the page shows is out of date. */
  readonly changed: () => Promise<void>;
}

export interface Told extends Asked<Explanation | undefined> {
  /** Newest first: those of the answer, and the earlier ones that were asked for since. */
  readonly facts: readonly Fact[];
  /** Asks for earlier ones; undefined where there are none. */
  readonly earlier: (() => Promise<void>) | undefined;
  /** Why they did not come, if so. */
  readonly trouble: string | undefined;
}

/** How many facts are shown at first, and added at a time. */
const PAGE = 20;

interface Earlier {
  readonly to: Explanation;
  readonly facts: readonly Fact[];
  readonly next: string | null;
}

/** Of now where `at` is undefined. Nothing is asked while it is not `wanted`. */
export function useTold({ shown, holding }: Behind, at: string | undefined, wanted: boolean): Told {
  const { client } = useSession();
  const { tenant, asOf } = shown.tenant;
  const { feature, subject } = holding;
  const ask = useCallback(
    async (then = at, cursor?: string) =>
      wanted
        ? client.explain({
            tenant,
            feature,
            limit: PAGE,
            ...(subject === "" ? {} : { subject }),
            ...(then === undefined ? {} : { at: then }),
            ...(cursor === undefined ? {} : { cursor }),
          })
        : undefined,
    [client, tenant, feature, subject, at, wanted],
  );
  const first = useCallback(() => ask(), [ask]);
  const asked = useAsked(first);
  const { value, again } = asked;

  // The page was asked again, since something happened: so is this, and what it said stands until the answer comes.
  const shownAt = useRef(asOf);
  useEffect(() => {
    if (shownAt.current === asOf) return;
    shownAt.current = asOf;
    void again();
  }, [asOf, again]);

  const [added, setAdded] = useState<Earlier>();
  const [trouble, setTrouble] = useState<string>();
  const mine = added?.to === value ? added : undefined;
  const next = mine === undefined ? (value?.nextCursor ?? null) : mine.next;
  const more = mine?.facts ?? [];
  const earlier = async () => {
    if (value === undefined || next === null) return;
    try {
      const page = await ask(value.at, next);
      if (page !== undefined) setAdded({ to: value, facts: [...more, ...page.facts], next: page.nextCursor });
      setTrouble(undefined);
    } catch (error) {
      setTrouble(sentenceOf(error));
    }
  };
  return { ...asked, facts: [...(value?.facts ?? []), ...more], earlier: next === null ? undefined : earlier, trouble };
}
