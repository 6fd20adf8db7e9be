// As whom PostgreSQL runs. It refuses to run as root, and a server whose parent was killed must not stay behind. Both
// are solved by what the command line begins with, so nothing here edits the system's users.
import { execFile } from "node:child_process";
import { parse } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);
// After `unshare`, because a change of credentials forgets the death signal. All three replace themselves by the next
// program, so the pid of the child is the pid of the postmaster.
const dieWithParent = ["setpriv", "--pdeathsig", "INT", "--"];
const rootlessNamespace = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"];

export interface ServerUser {
  readonly description: string;
  /** Set when this process is root: who must own the cluster. Root's own files in the namespace case. */
  readonly owner: { uid: number; gid: number } | undefined;
  /** How to run a program of PostgreSQL as this user. */
  command(program: string, args: string[]): { file: string; args: string[]; options: Surroundings };
}

interface Surroundings {
  cwd: string;
  env: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
}

/** Chooses the user: ourselves; for root a user namespace, and `nobody` where those are refused or not wanted. */
export async function serverUser(
  environment: NodeJS.ProcessEnv,
  { withoutUserNamespace = false } = {},
): Promise<ServerUser> {
  const surroundings: Surroundings = { cwd: parse(process.cwd()).root, env: serverEnvironment(environment) };
  const user = (description: string, prefix: string[], owner?: { uid: number; gid: number }, become = {}) => ({
    description,
    owner,
    command(program: string, args: string[]) {
      const [file = program, ...rest] = [...prefix, program, ...args];
      return { file, args: rest, options: { ...surroundings, ...become } };
    },
  });
  const orphanProof = async (become: object) =>
    (await works(dieWithParent, { ...surroundings, ...become })) ? dieWithParent : [];

  if (process.getuid?.() !== 0) return user("this user", await orphanProof({}));
  const namespaced = [...rootlessNamespace, ...dieWithParent];
  if (!withoutUserNamespace && (await works(namespaced, surroundings)))
    return user("root in a user namespace", namespaced, { uid: 0, gid: 0 });
  const [uid, gid] = await Promise.all([idOf("-u", surroundings), idOf("-g", surroundings)]);
  // libuv takes these as signed numbers; on macOS `nobody` is 4294967294.
  const become = { uid: uid | 0, gid: gid | 0 };
  return user("nobody", await orphanProof(become), { uid, gid }, become);
}

/** Runs a program to its end as the server's user and gives its output; rejects with what it wrote when it fails. */
export async function runAs(user: ServerUser, program: string, args: string[]): Promise<string> {
  const { file, args: all, options } = user.command(program, args);
  const { stdout } = await execute(file, all, { ...options, windowsHide: true, maxBuffer: 16 << 20 });
  return stdout;
}

/** Whether the server's user can walk into a directory; asked of the system, since modes do not tell of ACLs. */
export async function canEnter(user: ServerUser, directory: string): Promise<boolean> {
  if (user.owner === undefined) return true;
  return runAs(user, "sh", ["-c", 'cd "$1"', "sh", directory]).then(
    () => true,
    () => false,
  );
}

/**
 * What the server sees of our environment. Not all of it: PGOPTIONS and its like would change it, and secrets of the
 * application have no business in another process. English messages, since the launcher reads some of them.
 */
function serverEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ["PATH", "Path", "LD_LIBRARY_PATH", "SystemRoot", "TEMP", "TMP"];
  const passed = kept.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]));
  return { ...Object.fromEntries(passed), TZ: "UTC", LC_ALL: "C" };
}

async function works([file = "", ...args]: string[], options: Surroundings): Promise<boolean> {
  if (process.platform !== "linux") return false;
  return execute(file, [...args, "true"], options).then(
    () => true,
    () => false,
  );
}

async function idOf(which: "-u" | "-g", options: Surroundings): Promise<number> {
  try {
    return Number((await execute("id", [which, "nobody"], options)).stdout);
  } catch {
    throw new Error(
      "PostgreSQL refuses to run as root; user namespaces are refused here and there is no user `nobody`. " +
        "Run Purser as an ordinary user, or set DATABASE_URL to a PostgreSQL that runs already.",
    );
  }
}
