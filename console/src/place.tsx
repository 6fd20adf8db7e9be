// Where the reader is: the address, and links that change it without loading the page anew.
import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
const told = () => listeners.forEach((listener) => listener());
window.addEventListener("popstate", told);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The path and the query of the address, as it stands now. */
export function usePlace(): { readonly path: string; readonly query: URLSearchParams } {
  const address = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search);
  const [path = "/", search = ""] = address.split("?");
  return { path, query: new URLSearchParams(search) };
}

/** Goes to an address of the console; `replace` leaves no step to go back to. */
export function go(to: string, replace = false): void {
  if (replace) window.history.replaceState(null, "", to);
  else window.history.pushState(null, "", to);
  told();
}

export const tenantPath = (tenant: string) => `/tenants/${encodeURIComponent(tenant)}`;

/** The tenant that an address names; undefined where it names none. */
export function tenantAt(path: string): string | undefined {
  const [, encoded] = /^\/tenants\/([^/]+)$/.exec(path) ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** A link inside the console. Its address is made by us; nothing that a tenant supplied becomes one but an encoded id. */
export function Link({ to, ...rest }: { readonly to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
    window.scrollTo(0, 0);
  };
  return <a href={to} onClick={follow} {...rest} />;
}
