// Light or dark: as the system has it, until somebody says otherwise.
import { useEffect, useState } from "react";

export type Scheme = "system" | "light" | "dark";
const REMEMBERED = "purser.scheme";

export function useScheme(): [Scheme, (scheme: Scheme) => void] {
  const [scheme, setScheme] = useState<Scheme>(() => {
    const kept = localStorage.getItem(REMEMBERED);
    return kept === "light" || kept === "dark" ? kept : "system";
  });
  useEffect(() => {
    if (scheme === "system") delete document.documentElement.dataset["scheme"];
    else document.documentElement.dataset["scheme"] = scheme;
    localStorage.setItem(REMEMBERED, scheme);
  }, [scheme]);
  return [scheme, setScheme];
}
