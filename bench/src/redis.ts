import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";

/** A Redis of its own that keeps what it acknowledges: every write is on disk before it is answered. */
export interface DurableRedis {
  readonly client: Redis;
  close(): Promise<void>;
}

/** Undefined where there is no `redis-server` here; Debian's package of that name has one. */
export async function startRedis(): Promise<DurableRedis | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "purser-redis-"));
  const socket = join(directory, "redis.sock");
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const child: ChildProcess = spawn(
    "redis-server",
    ["--port", "0", "--unixsocket", socket, "--dir", directory, ...durable],
    { stdio: "ignore" },
  );
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
  const client = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => 50 });
  client.on("error", () => undefined);
  const close = async () => {
    client.disconnect();
    child.kill();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const answered = client.ping().then(() => true);
  // Without a server the client would ask for ever.
  if (await Promise.race([answered, ended.then(() => false), pause(10_000, false)])) return { client, close };
  answered.catch(() => undefined);
  await close();
  return undefined;
}
