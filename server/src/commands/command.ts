// What every command of the command line has in common.
import type { Settings } from "../settings.ts";

/** What a process says about itself when it ends; documented in `purser help`. */
export const exit = { done: 0, failed: 1, usage: 2, differs: 2, refused: 3, broken: 4 } as const;
export type Exit = (typeof exit)[keyof typeof exit];

/** What a command may touch of the process it runs in. */
export interface Surroundings {
  readonly settings: Settings;
  /** To standard output: what was asked for. */
  readonly print: (line: string) => void;
  /** To standard error: what somebody ought to know. */
  readonly warn: (line: string) => void;
  /** Told once when the process is asked to stop. */
  readonly stop: AbortSignal;
}

/** A sentence for whoever typed the command; anything else that is thrown is a fault. */
export class CommandFailed extends Error {
  readonly exit: Exit;

  constructor(code: Exit, message: string) {
    super(message);
    this.name = "CommandFailed";
    this.exit = code;
  }
}
