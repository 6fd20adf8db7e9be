// A worker as a process of its own; started by worker.test.ts. It runs what is compiled. Arguments: database URL, seconds
// between two ticks, seconds of a lease; without the last two it works only when it is told to, once.
import { startWorker, workOnce } from "@purser/engine";
import { Pool } from "pg";

const [url, everySeconds, leaseSeconds] = process.argv.slice(2);
const database = new Pool({ connectionString: url, max: 2 });
database.on("error", () => undefined);
const worker =
  everySeconds === undefined
    ? undefined
    : startWorker({
        database,
        everySeconds: Number(everySeconds),
        leaseSeconds: Number(leaseSeconds),
        onTick: (duty, ticked) => process.send({ duty, ...ticked }),
        onTrouble: (duty, code) => process.send({ duty, trouble: code }),
      });

async function stop() {
  await worker?.stop();
  await database.end();
  process.disconnect();
}

process.on("message", (message) => {
  if (message === "stop") void stop();
  else void workOnce({ database }).then(([ticked]) => process.send(ticked));
});
