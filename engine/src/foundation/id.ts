// The one place that makes ids and randomness.
import { randomInt, randomUUID } from "node:crypto";

/** A fresh random id for a row that this library writes. */
export function newId(): string {
  return randomUUID();
}

/** A random pause between half of `most` and `most` milliseconds, so that two who collided do not collide again. */
export function jitter(most: number): number {
  return randomInt(Math.floor(most / 2), most + 1);
}
