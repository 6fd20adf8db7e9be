// Asking the server for what a page shows: loading, done or failed, and asking again while the old answer stays.
import { PurserError } from "@purser/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { useSession } from "./session.tsx";

export interface Asked<Value> {
  /** The newest answer; undefined until there is one. */
  readonly value: Value | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  readonly again: () => Promise<void>;
}

/** `ask` is one function as long as it asks the same. An answer that was overtaken by another question is dropped. */
export function useAsked<Value>(ask: () => Promise<Value>): Asked<Value> {
  const { refresh } = useSession();
  const [state, setState] = useState<{ ask?: unknown; value?: Value | undefined; error?: unknown; loading: boolean }>({
    loading: true,
  });
  const newest = useRef(0);
  const again = useCallback(async () => {
    newest.current += 1;
    const mine = newest.current;
    setState((before) => ({ ...before, loading: true }));
    try {
      const value = await ask();
      if (mine === newest.current) setState({ ask, value, error: undefined, loading: false });
    } catch (error) {
      if (mine === newest.current) setState({ ask, value: undefined, error, loading: false });
      if (error instanceof PurserError && error.code === "unauthenticated") await refresh();
    }
  }, [ask, refresh]);
  useEffect(() => {
    void again();
    return () => {
      newest.current += 1;
    };
  }, [again]);
  // What another question was answered is no answer to this one.
  const current = state.ask === ask;
  return {
    value: current ? state.value : undefined,
    error: current ? state.error : undefined,
    loading: state.loading || !current,
    again,
  };
}
