// Every address that the server answers is described, or stands beside the contract for a reason that the description tells.
import { Pool } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { hasSite } from "../../src/console/site.ts";
import { describeServer } from "../../src/documents.ts";
import { createServer, openPurser } from "../../src/index.ts";
import { description } from "./document.ts";

/** The addresses of a server, as it routes them. */
async function addresses(): Promise<string[]> {
  const database = new Pool();
  const app = createServer({ purser: openPurser(database), database, logLevel: "silent", metrics: true });
  onTestFinished(() => app.close());
  await app.ready();
  // Those that take no GET answer which methods they take, and so are in this tree as well.
  const lines = app.printRoutes({ commonPrefix: false, method: "GET" }).split("\n");
  const found: string[] = [];
  const above: string[] = [];
  for (const line of lines) {
    const [, indent = "", part = ""] = /^([│ ]*)[└├]── (\S+) \(/.exec(line) ?? [];
    if (part === "") continue;
    above.length = indent.length / 4;
    above.push(part);
    found.push(above.join("").replaceAll(/:(\w+)/g, "{$1}"));
  }
  return found;
}

test("under /v1 there is nothing that the description does not have", async () => {
  const answered = (await addresses()).filter((path) => path.startsWith("/v1"));
  expect(answered.toSorted()).toEqual(
    Object.keys(description.paths)
      .filter((path) => path.startsWith("/v1"))
      .toSorted(),
  );
});

test("what stands beside it is the console, the description itself and the metrics", async () => {
  const beside = (await addresses()).filter((path) => !(path in description.paths));
  // Without a build of the console there are no pages.
  const pages = hasSite() ? ["/", "/sign-in", "/tenants", "/tenants*", "/catalogue", "/catalog"] : [];
  const own = ["/console/session", "/docs", "/openapi.json", "/metrics"];
  expect(beside.filter((path) => !path.startsWith("/assets/")).toSorted()).toEqual([...pages, ...own].toSorted());
  const { info } = describeServer() as { info: { description: string } };
  expect(info.description).toContain("`/console/session`, which is no part of this contract");
});
