// Who is signed in, for which mode, and the client that asks with that session.
import { type Client, createClient, PurserError } from "@purser/sdk";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";

export type Mode = "live" | "test";
export interface Session {
  readonly mode: Mode;
  readonly keyId: string;
  readonly name: string;
  /** The one tenant that the key is for; null: every tenant of its mode. */
  readonly tenant: string | null;
  readonly scopes: readonly string[];
}

interface Known {
  /** Undefined until the server has told. */
  readonly sessions: readonly Session[] | undefined;
  /** The session that the pages ask with. */
  readonly session: Session | undefined;
  readonly client: Client;
  /** Why nobody knows who is signed in, if so. */
  readonly trouble: string | undefined;
  readonly choose: (mode: Mode) => void;
  /** Undefined where it worked, else what to tell. */
  readonly signIn: (credential: { readonly key: string } | { readonly code: string }) => Promise<string | undefined>;
  readonly signOut: () => Promise<void>;
  /** Asks the server again who is signed in: after an answer that says nobody is. */
  readonly refresh: () => Promise<void>;
}

const Context = createContext<Known | undefined>(undefined);
const REMEMBERED = "purser.mode";

export function useSession(): Known {
  const known = useContext(Context);
  if (known === undefined) throw new Error("outside of the session");
  return known;
}

/** The session's own door is for this page alone, and so not in the SDK: it answers with cookies. */
async function ask(method: "GET" | "POST" | "DELETE", body?: object): Promise<readonly Session[]> {
  const response = await fetch("/console/session", {
    method,
    cache: "no-store",
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const said = (await response.json()) as { sessions: Session[] } | { code: string; detail: string };
  if ("sessions" in said) return said.sessions;
  throw new PurserError({ ...said, status: response.status });
}

/**
 * The cookie goes along by itself and stands for the key, so no key is sent: the server would judge by that one. Nothing
 * is taken from the browser's memory: an answer there may say the same at another time, and the time is shown.
 */
function clientOf(mode: Mode): Client {
  return createClient({
    url: window.location.origin,
    key: "",
    attempts: 2,
    fetch: (address, init) => {
      const headers = new Headers(init?.headers);
      headers.delete("authorization");
      headers.set("purser-mode", mode);
      return fetch(address, { ...init, headers, cache: "no-store" });
    },
  });
}

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [sessions, setSessions] = useState<readonly Session[]>();
  const [trouble, setTrouble] = useState<string>();
  const [wanted, setWanted] = useState<Mode>(() => (localStorage.getItem(REMEMBERED) === "test" ? "test" : "live"));
  const refresh = useCallback(async () => {
    try {
      setSessions(await ask("GET"));
      setTrouble(undefined);
    } catch (error) {
      setTrouble(sentenceOf(error));
    }
  }, []);
  useEffect(() => void refresh(), [refresh]);

  const session = sessions?.find(({ mode }) => mode === wanted) ?? sessions?.[0];
  const mode = session?.mode ?? wanted;
  const client = useMemo(() => clientOf(mode), [mode]);
  const known = useMemo<Known>(() => {
    const choose = (chosen: Mode) => {
      localStorage.setItem(REMEMBERED, chosen);
      setWanted(chosen);
    };
    return {
      sessions,
      session,
      client,
      trouble,
      choose,
      refresh,
      async signIn(credential) {
        try {
          const signed = await ask("POST", credential);
          const fresh = "key" in credential ? /^\s*purser_(live|test)_/.exec(credential.key)?.[1] : undefined;
          if (fresh === "live" || fresh === "test") choose(fresh);
          setSessions(signed);
          return undefined;
        } catch (error) {
          return sentenceOf(error);
        }
      },
      async signOut() {
        setSessions(await ask("DELETE"));
      },
    };
  }, [sessions, session, client, trouble, refresh]);
  return <Context value={known}>{children}</Context>;
}

/** What went wrong, for people: the server's sentence, without its code. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof PurserError)) return "The server cannot be reached.";
  if (error.code === "network_failed") return "The server does not answer. Is it still running?";
  return error.message.slice(error.code.length + 2);
}
