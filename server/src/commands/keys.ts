import { createApiKey } from "../keys.ts";
import { isScope, type Scope, scopes as allScopes } from "../scopes.ts";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { withPurser } from "./with-purser.ts";

export interface NewKeyOptions {
  readonly directory: string;
  readonly name: string | undefined;
  /** Separated by commas, or `all`, which stands for those there are today. */
  readonly scopes: string | undefined;
  readonly tenant: string | undefined;
  readonly mode: string | undefined;
  readonly expires: string | undefined;
}

/** `purser keys create`: prints the new key, alone, on standard output. It is shown this once. */
export async function createKey(surroundings: Surroundings, options: NewKeyOptions): Promise<Exit> {
  const { name, tenant, expires, mode = "live" } = options;
  if (name === undefined) throw new CommandFailed(exit.usage, "keys create needs --name, to know it again by.");
  if (mode !== "live" && mode !== "test") throw new CommandFailed(exit.usage, "--mode is live or test.");
  const scopes = scopesOf(options.scopes);
  const expiresAt = expires === undefined ? undefined : new Date(expires);
  return withPurser(surroundings, options.directory, async (purser) => {
    const made = await createApiKey(purser, { name, mode, scopes, tenant, expiresAt, actor: "purser keys" });
    if (made.outcome === "tenant_unknown") throw new CommandFailed(exit.failed, `There is no tenant ${tenant}.`);
    if (made.outcome === "invalid_input") {
      const flag = made.field === "expiresAt" ? "expires" : made.field;
      const why = made.field === "mode" ? `${tenant} is a tenant of the other mode` : `--${flag} is not valid`;
      throw new CommandFailed(exit.usage, `${why}.`);
    }
    surroundings.print(made.key);
    surroundings.warn(`Key ${made.keyId} (${name}): keep it now, it is not shown again.`);
    return exit.done;
  });
}

/** `purser keys revoke`: the key is refused from the next request on. */
export async function revokeKey(
  surroundings: Surroundings,
  { directory, keyId }: { directory: string; keyId: string | undefined },
): Promise<Exit> {
  if (keyId === undefined) throw new CommandFailed(exit.usage, "keys revoke needs the key's id: its third part.");
  return withPurser(surroundings, directory, async (purser) => {
    // Whoever has the whole key at hand may paste it.
    const id = /^purser_(?:live|test)_([0-9a-f]{16})_/.exec(keyId)?.[1] ?? keyId;
    if (!(await purser.apiKeys.revoke(id))) throw new CommandFailed(exit.failed, `There is no key ${id} in force.`);
    surroundings.print(`Revoked ${id}.`);
    return exit.done;
  });
}

function scopesOf(list: string | undefined): readonly Scope[] {
  if (list === undefined) {
    throw new CommandFailed(exit.usage, `keys create needs --scopes: all, or some of ${allScopes.join(", ")}.`);
  }
  if (list === "all") return allScopes;
  return list.split(",").map((word) => {
    const scope = word.trim();
    if (!isScope(scope)) {
      throw new CommandFailed(exit.usage, `There is no scope "${scope}"; there are ${allScopes.join(", ")}.`);
    }
    return scope;
  });
}
