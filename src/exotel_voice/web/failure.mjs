// @ts-check
/** @import {ErrorFacts} from "./types.d.ts" */

/** What went wrong: a code for programs, a sentence, and what to do about it. */
export class Failure extends Error {
  /** @param {ErrorFacts} facts */
  constructor({ code, message, hint }) {
    super(message);
    this.name = "Failure";
    this.code = code;
    this.hint = hint;
  }
}

/**
 * @param {string} code
 * @param {string} message
 * @param {string} hint
 */
export function failure(code, message, hint) {
  return new Failure({ code, message, hint });
}

/**
 * The facts of whatever was thrown.
 * @param {unknown} error
 * @returns {ErrorFacts}
 */
export function facts(error) {
  if (error instanceof Failure) return { code: error.code, message: error.message, hint: error.hint };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "error", message, hint: "See the log of the page." };
}
