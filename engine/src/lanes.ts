// The way of consumptions that come without a transaction of their own: callers of one process share flights, so that a plan,
// a lock, an update and a flush to disk are paid once a flight and not once a call.
//
// A lane has one flight in the air. What is asked meanwhile queues and leaves with the next one, so flights grow with the
// load and nobody waits for company: there is no timer before a departure. The calls of one balance are in one lane and
// leave in their order. A balance that somebody else holds, and a flight that takes long, wait apart from the lane.
//
// Where a full flight is of one balance and the next one would be too, that one is sent after it at once and waits in the
// database for the balance, which then is never idle while this process reads answers.
import { AsyncResource } from "node:async_hooks";
import { retried } from "./command.ts";
import { Fault } from "./foundation/fault.ts";
import { type ConsumeCall, type ConsumeRow, consume, consumeTogether, overloaded } from "./store/balances.ts";
import type { Session } from "./store/database.ts";
import { isConnectionLost, isLockTimeout, sqlState } from "./store/errors.ts";

const LANES = 2;
/** Calls in one flight. More makes a flight longer and, per call, hardly cheaper. */
const MOST_TOGETHER = 512;
/** Calls that a lane keeps, in the air or waiting. What comes then is refused: it could only be answered late. */
const MOST_WAITING = 10_000;
/** Flights of a lane that wait for balances which somebody else holds, besides the one in the air. */
const MOST_APART = 3;
/** Whom a flight has kept on the ground for so long, it keeps there no longer: of a single call, and of many. */
const LONG_ALONE_MS = 25;
const LONG_TOGETHER_MS = 250;
/** After so long a flight has its balance or its place among those who wait for it, and who follows stands behind it. */
const IN_PLACE_MS = 5;

/** Consumes with whoever else does now. Answers when it is committed, or decided against. */
export type Lanes = (call: ConsumeCall) => Promise<ConsumeRow>;

/** The lanes of one database. `route` is where the calls of a slot are sent. */
export function createLanes(route: (slot: number) => Session): Lanes {
  const lanes = Array.from({ length: LANES }, () => createLane(route));
  return (call) => (lanes[call.slot % LANES] as Lanes)(call);
}

interface Passenger {
  readonly call: ConsumeCall;
  /** All that may draw on one balance have the same. */
  readonly balance: string;
  readonly resolve: (row: ConsumeRow) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls that are being asked, in one statement. */
interface Flight {
  readonly passengers: readonly Passenger[];
  /** The balance of all of them, where it is one and there is no room for more. */
  readonly crowdOf: string | undefined;
  /** Whether another one may follow it. */
  inPlace: boolean;
  settling?: NodeJS.Timeout;
  /** Runs from when somebody waits for it. */
  late?: NodeJS.Timeout;
  /** It no longer keeps others on the ground, but for those of these balances. */
  left?: ReadonlySet<string>;
}

/** Those who wait for a balance that somebody else holds, in their order. */
interface Apart {
  readonly passengers: Passenger[];
  /** Flights for it that are in the air. */
  flying: number;
}

function createLane(route: (slot: number) => Session): Lanes {
  // A flight is nobody's in particular: it does not run in the asynchronous context of whoever came first.
  const own = new AsyncResource("purser.lane");
  let queue: Passenger[] = [];
  let departing = false;
  let inTheAir: Flight | undefined;
  let following: Flight | undefined;
  /** The balance of the flight that landed last, where that was a crowd's: nobody follows the first one. */
  let crowded: string | undefined;
  const apart = new Map<string, Apart>();
  let flightsApart = 0;
  let taken = 0;

  function take(call: ConsumeCall): Promise<ConsumeRow> {
    if (taken >= MOST_WAITING) return Promise.resolve(overloaded);
    taken += 1;
    return new Promise((resolve, reject) => {
      const passenger = { call, balance: `${call.feature}\0${call.tenant}`, resolve, reject };
      const waiting = apart.get(passenger.balance);
      if (waiting === undefined) queue.push(passenger);
      else waiting.passengers.push(passenger);
      depart();
    });
  }

  /** Not at once: whoever is answered by the same flight as others asks again at the same time as they. */
  function depart(): void {
    if (departing || queue.length === 0) return;
    if (inTheAir !== undefined && !mayFollow(inTheAir)) {
      watch(inTheAir);
      return;
    }
    departing = true;
    own.runInAsyncScope(() => {
      setImmediate(() => {
        departing = false;
        if (queue.length === 0) return;
        if (inTheAir === undefined) void fly();
        else if (mayFollow(inTheAir)) void follow();
        depart();
      });
    });
  }

  function board(): Flight {
    const passengers = queue.splice(0, MOST_TOGETHER);
    const flight: Flight = { passengers, crowdOf: crowdOf(passengers), inPlace: false };
    if (flight.crowdOf !== undefined) {
      flight.settling = setTimeout(() => {
        flight.inPlace = true;
        depart();
      }, IN_PLACE_MS);
    }
    return flight;
  }

  function mayFollow(flight: Flight): boolean {
    return (
      flight.inPlace &&
      flight.crowdOf === crowded &&
      following === undefined &&
      flightsApart < MOST_APART &&
      crowdOf(queue) === flight.crowdOf
    );
  }

  /** Whoever waits for a flight does not wait for ever. */
  function watch(flight: Flight): void {
    const long = flight.passengers.length === 1 ? LONG_ALONE_MS : LONG_TOGETHER_MS;
    flight.late ??= own.runInAsyncScope(() => setTimeout(() => giveUpOn(flight), long));
  }

  function giveUpOn(flight: Flight): void {
    if (flightsApart >= MOST_APART) {
      // Looked at again when the next one waits for it.
      delete flight.late;
      return;
    }
    flightsApart += 1;
    leave(flight);
    if (following !== undefined) leave(following);
    inTheAir = undefined;
    following = undefined;
    makeWay();
    depart();
  }

  function leave(flight: Flight): void {
    flight.left = new Set(flight.passengers.map(({ balance }) => balance));
    for (const balance of flight.left) waitersFor(balance).flying += 1;
  }

  function waitersFor(balance: string): Apart {
    const waiting = apart.get(balance) ?? { passengers: [], flying: 0 };
    apart.set(balance, waiting);
    return waiting;
  }

  async function fly(): Promise<void> {
    const flight = board();
    inTheAir = flight;
    land(flight, await carry(flight.passengers, false));
  }

  /** Behind the flight in the air, whose place it takes when that one lands. */
  async function follow(): Promise<void> {
    const flight = board();
    following = flight;
    flightsApart += 1;
    const held = await carry(flight.passengers, true);
    if (following === flight) {
      following = undefined;
      flightsApart -= 1;
    }
    land(flight, held);
  }

  function land(flight: Flight, held: readonly Passenger[]): void {
    crowded = flight.crowdOf;
    clearTimeout(flight.settling);
    clearTimeout(flight.late);
    for (const passenger of held.toReversed()) waitersFor(passenger.balance).passengers.unshift(passenger);
    if (flight.left !== undefined) {
      flightsApart -= 1;
      for (const balance of flight.left) landed(balance);
    } else if (inTheAir === flight) {
      inTheAir = following;
      if (following !== undefined) flightsApart -= 1;
      following = undefined;
    }
    if (held.length > 0) makeWay();
    flyApart();
    depart();
  }

  /** Who queues for a balance that is waited for waits behind those who came before. */
  function makeWay(): void {
    queue = queue.filter((passenger) => {
      const waiting = apart.get(passenger.balance);
      waiting?.passengers.push(passenger);
      return waiting === undefined;
    });
  }

  /** To the end, so that every balance has its turn. */
  function landed(balance: string): void {
    const waiting = waitersFor(balance);
    waiting.flying -= 1;
    apart.delete(balance);
    if (waiting.flying > 0 || waiting.passengers.length > 0) apart.set(balance, waiting);
  }

  function flyApart(): void {
    for (const [balance, waiting] of apart) {
      if (flightsApart >= MOST_APART) return;
      if (waiting.flying > 0) continue;
      waiting.flying += 1;
      flightsApart += 1;
      own.runInAsyncScope(() => void flyFor(balance, waiting));
    }
  }

  async function flyFor(balance: string, { passengers }: Apart): Promise<void> {
    await carry(passengers.splice(0, MOST_TOGETHER), true);
    flightsApart -= 1;
    landed(balance);
    flyApart();
  }

  /** Gets everybody an answer, but for those whose balance somebody else holds where they do not wait for it. */
  async function carry(passengers: readonly Passenger[], wait: boolean): Promise<readonly Passenger[]> {
    const [first] = passengers;
    if (first === undefined) return [];
    const calls = passengers.map(({ call }) => call);
    let lost = false;
    let rows: (ConsumeRow | undefined)[];
    try {
      const session = route(first.call.slot);
      rows = await retried(
        async () => (calls.length === 1 ? [await consume(session, first.call)] : consumeTogether(session, calls, wait)),
        // Asked again, what was committed without our hearing of it is found by its key: nothing is guessed.
        (error) => (lost ||= isConnectionLost(error)),
      );
    } catch (error) {
      if (passengers.length > 1 && isOfOne(error, wait)) {
        const middle = Math.ceil(passengers.length / 2);
        const held = await carry(passengers.slice(0, middle), wait);
        return [...held, ...(await carry(passengers.slice(middle), wait))];
      }
      const cause = lost
        ? new Fault("commit_not_confirmed", "the connection was lost; ask again with the same key", {
            cause: error,
            retryable: true,
          })
        : error;
      for (const { reject } of passengers) reject(cause);
      taken -= passengers.length;
      return [];
    }
    const held: Passenger[] = [];
    for (const [index, passenger] of passengers.entries()) {
      const row = rows[index];
      if (row === undefined) held.push(passenger);
      else passenger.resolve(row);
    }
    taken -= passengers.length - held.length;
    return held;
  }

  return take;
}

/** The balance of a full flight that is of one only. */
function crowdOf(passengers: readonly Passenger[]): string | undefined {
  const balance = passengers[MOST_TOGETHER - 1]?.balance;
  for (let index = 0; index < MOST_TOGETHER; index += 1) {
    if (passengers[index]?.balance !== balance) return undefined;
  }
  return balance;
}

/** Whether an error may be due to one of several calls, so that the others are asked without it. */
function isOfOne(error: unknown, waited: boolean): boolean {
  const cause = error instanceof Fault ? error.cause : error;
  if (error instanceof Fault && error.code === "not_set_up") return false;
  return sqlState(cause) !== undefined && !isConnectionLost(cause) && !(waited && isLockTimeout(cause));
}
