// Which page stands at an address, and the frame around it.
import { type ReactNode, useEffect } from "react";
import { Brand } from "./brand.tsx";
import { CatalogPage } from "./pages/catalog.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { TenantPage } from "./pages/tenant.tsx";
import { TenantsPage } from "./pages/tenants.tsx";
import { Choice, Empty, Heading, Notice } from "./parts.tsx";
import { go, Link, tenantAt, tenantPath, usePlace } from "./place.tsx";
import { type Scheme, useScheme } from "./scheme.ts";
import { useSession } from "./session.tsx";

export function App() {
  const { path, query } = usePlace();
  const { sessions, session, trouble } = useSession();
  const signingIn = path === "/sign-in";
  const only = session?.tenant ?? null;
  const home = only === null ? "/tenants" : tenantPath(only);
  const turnTo =
    sessions === undefined || window.location.hash !== ""
      ? undefined
      : session === undefined
        ? signingIn
          ? undefined
          : `/sign-in?to=${encodeURIComponent(path)}`
        : signingIn && query.get("mode") === null
          ? (localAddress(query.get("to")) ?? home)
          : path === "/" || (path === "/tenants" && home !== "/tenants")
            ? home
            : path === "/catalog"
              ? "/catalogue"
              : undefined;
  useEffect(() => {
    if (turnTo !== undefined) go(turnTo, true);
  }, [turnTo]);

  if (trouble !== undefined && sessions === undefined) return <Unreachable detail={trouble} />;
  if (sessions === undefined || turnTo !== undefined) return null;
  if (signingIn) return <SignInPage home={localAddress(query.get("to")) ?? home} />;
  const tenant = tenantAt(path);
  // A page of one mode says nothing about the other: it begins anew.
  const mode = session?.mode;
  return (
    <Frame path={path}>
      {path === "/tenants" ? (
        <TenantsPage key={mode} />
      ) : path === "/catalogue" ? (
        <CatalogPage key={mode} />
      ) : tenant !== undefined ? (
        <TenantPage key={`${mode} ${tenant}`} id={tenant} />
      ) : (
        <div className="stack">
          <Heading text="No such page" />
          <Empty title="Nothing stands at this address">
            <Link to={home}>To the tenants</Link>
          </Empty>
        </div>
      )}
    </Frame>
  );
}

/** An address of ours to go back to, or undefined where it would lead elsewhere. */
function localAddress(to: string | null): string | undefined {
  return to !== null && /^\/(tenants|catalogue?)(\/[^/?#\\]*)?$/.test(to) ? to : undefined;
}

function Unreachable({ detail }: { readonly detail: string }) {
  const { refresh } = useSession();
  return (
    <div className="sign-in">
      <main>
        <div role="alert">
          <Notice tone="bad" title="Nobody answers">
            {detail}
            <button type="button" className="button" onClick={() => void refresh()}>
              Try again
            </button>
          </Notice>
        </div>
      </main>
    </div>
  );
}

const pages = [
  ["/tenants", "Tenants"],
  ["/catalogue", "Catalogue"],
] as const;
const schemes: Readonly<Record<Scheme, readonly [next: Scheme, label: string, icon: string]>> = {
  system: ["light", "Colours: as the system", "◐"],
  light: ["dark", "Colours: light", "☀"],
  dark: ["system", "Colours: dark", "☾"],
};

function Frame({ path, children }: { readonly path: string; readonly children: ReactNode }) {
  const { session, sessions = [], choose, signOut } = useSession();
  const [scheme, setScheme] = useScheme();
  const [next, label, icon] = schemes[scheme];
  if (session === undefined) return null;
  return (
    <div className="shell">
      <header className="top">
        <a
          className="skip"
          href="#content"
          onClick={(event) => {
            event.preventDefault();
            document.querySelector<HTMLElement>("h1")?.focus();
          }}
        >
          Skip to the content
        </a>
        <div>
          <Link to="/" className="brand">
            <Brand />
          </Link>
          <nav aria-label="Pages">
            <ul>
              {pages.map(([to, text]) => (
                <li key={to}>
                  <Link to={to} aria-current={path === to ? "page" : path.startsWith(`${to}/`) ? "true" : undefined}>
                    {text}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div className="who">
            <Choice
              label="Which tenants to see"
              options={[
                ["live", "Live"],
                ["test", "Test"],
              ]}
              value={session.mode}
              onChoose={(mode) => {
                choose(mode);
                if (sessions.some((one) => one.mode === mode)) go("/tenants");
                else go(`/sign-in?mode=${mode}`);
              }}
            />
            <button
              type="button"
              className="button quiet"
              aria-label={label}
              title={label}
              onClick={() => setScheme(next)}
            >
              <span aria-hidden="true">{icon}</span>
            </button>
            <button type="button" className="button quiet" onClick={() => void signOut()}>
              Sign out
            </button>
          </div>
        </div>
      </header>
      <main id="content">{children}</main>
    </div>
  );
}
