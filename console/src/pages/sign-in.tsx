import { useEffect, useRef, useState } from "react";
import { Brand } from "../brand.tsx";
import { Field, Heading, Notice, submitting } from "../parts.tsx";
import { go, Link, usePlace } from "../place.tsx";
import { useScheme } from "../scheme.ts";
import { useSession } from "../session.tsx";

export function SignInPage({ home }: { readonly home: string }) {
  const { query } = usePlace();
  const { sessions = [], signIn } = useSession();
  useScheme();
  const [key, setKey] = useState("");
  const [trouble, setTrouble] = useState<string>();
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const mode = query.get("mode");

  const enter = async (credential: { readonly key: string } | { readonly code: string }) => {
    setBusy(true);
    const refused = await signIn(credential);
    setBusy(false);
    setTrouble(refused);
    if (refused === undefined) go(home, true);
    else input.current?.focus();
  };

  // The link that `purser dev` prints: its code is taken out of the address before anything else happens.
  const begun = useRef(false);
  useEffect(() => {
    const code = /^#([0-9a-f]{32})$/.exec(window.location.hash)?.[1];
    if (begun.current || window.location.hash === "") return;
    begun.current = true;
    go("/sign-in", true);
    if (code !== undefined && sessions.length === 0) void enter({ code });
  });

  return (
    <div className="sign-in">
      <main>
        <span className="brand">
          <Brand />
        </span>
        <section className="card">
          <form className="inside" onSubmit={submitting(() => enter({ key }))}>
            <Heading text={mode === null ? "Sign in" : `Sign in for ${mode === "test" ? "test" : "live"} tenants`} />
            <Field
              label="Secret key"
              hint={
                <>
                  It is exchanged for a session of twelve hours and kept nowhere. <code>purser keys create</code> makes
                  one; <code>purser dev</code> prints two.
                </>
              }
              wrong={trouble}
            >
              {(labels) => (
                <input
                  {...labels}
                  ref={input}
                  type="password"
                  autoComplete="current-password"
                  spellCheck={false}
                  required
                  maxLength={200}
                  placeholder={mode === "test" ? "purser_test_…" : "purser_live_…"}
                  value={key}
                  onChange={(event) => setKey(event.target.value)}
                />
              )}
            </Field>
            <div className="unseen" role="alert">
              {trouble}
            </div>
            <button type="submit" className="button main" disabled={busy}>
              {busy ? "Signing in …" : "Sign in"}
            </button>
            {sessions.length > 0 ? <Link to={home}>Back to the {sessions[0]?.mode} tenants</Link> : null}
          </form>
        </section>
        {mode === null ? null : (
          <Notice tone="plain" title={`Test keys reach test tenants, live keys live ones.`}>
            You stay signed in with the other key.
          </Notice>
        )}
      </main>
    </div>
  );
}
