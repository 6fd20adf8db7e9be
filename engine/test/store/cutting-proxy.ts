// A TCP proxy before PostgreSQL that cuts a connection where it is told to: at the n-th message of the client's, before it
// is forwarded, or after, when its answer has come and is swallowed.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface CuttingProxy {
  /** The address of the database through the proxy. */
  readonly url: string;
  /** Arms it once: the n-th message that matches, counted over all connections from now on. */
  cut(nth: number, when: "before" | "after", message?: RegExp): void;
  /** Takes no more connections; those that are open stay. */
  refuse(): void;
  /** Takes back what it was armed with. */
  disarm(): void;
  /** Whether the cut that it was armed with has happened. */
  readonly hasCut: boolean;
  close(): Promise<void>;
}

export async function openCuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url);
  let armed: { left: number; when: "before" | "after"; message: RegExp } | undefined;
  let hasCut = false;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(Number(target.port || 5432), target.hostname);
    let swallowing = false;
    for (const socket of [client, database]) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        database.destroy();
      });
    }
    client.on("data", (sent: Buffer) => {
      if (armed?.message.test(sent.toString("latin1")) === true && (armed.left -= 1) === 0) {
        hasCut = true;
        const { when } = armed;
        armed = undefined;
        if (when === "before") {
          client.destroy();
          return;
        }
        swallowing = true;
      }
      database.write(sent);
    });
    database.on("data", (answer: Buffer) => {
      if (swallowing) client.destroy();
      else client.write(answer);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    cut(nth, when, message = /(?:)/) {
      hasCut = false;
      armed = { left: nth, when, message };
    },
    refuse() {
      server.close();
    },
    disarm() {
      armed = undefined;
    },
    get hasCut() {
      return hasCut;
    },
    async close() {
      for (const socket of open) socket.destroy();
      if (!server.listening) return;
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
