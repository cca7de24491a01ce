// @ts-check
/** @import {ErrorFacts, Failure} from "./types.d.ts" */

/**
 * What went wrong: a code for programs, a sentence, and what to do about it.
 * @param {string} code
 * @param {string} message
 * @param {string} hint
 * @returns {Failure}
 */
export function failure(code, message, hint) {
  return Object.assign(new Error(message), { code, hint });
}

/**
 * The facts of whatever was thrown.
 * @param {any} error
 * @returns {ErrorFacts}
 */
export function factsOf(error) {
  const { code, message, hint } = error;
  if (hint != null) return { code, message, hint };
  return { code: "error", message: String(error), hint: "See the log of the page." };
}
