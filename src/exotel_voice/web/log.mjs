// @ts-check
import { within } from "./within.mjs";
/** @import {AskForLines, DatedLine, LogType} from "./types.d.ts" */

/** The last thousand lines, oldest first. @type {DatedLine[]} */
const logged = [];

/** One log for all phones of a page. */
export const log = {
  /** @type {((type: LogType, message: string, args: unknown[]) => unknown) | null} */
  callback: null,
  /** @type {Set<(type: LogType, message: string, args: unknown[]) => void>} */
  listeners: new Set(),
  isOnConsole: true,
  /** @type {Set<string>} */
  secrets: new Set(),

  /**
   * @param {LogType} type
   * @param {string} message
   * @param {unknown[]} args
   */
  write(type, message, ...args) {
    logged.push(dated(Date.now(), type, message, ...args));
    if (logged.length > 1000) logged.shift();
    if (this.isOnConsole) console[type](`exotel: ${message}`, ...args);
    for (const listener of this.listeners) listener(type, message, args);
    try {
      this.callback?.(type, message, args);
    } catch (error) {
      console.error("exotel: the logger callback failed", error);
    }
  },

  /**
   * All lines, oldest first, without secrets; shorter ones are in every other word.
   * @param {DatedLine[]} others
   */
  text(others = []) {
    let text = [...logged, ...others].sort((a, b) => a.at - b.at).map(({ line }) => line).join("\n");
    for (const secret of this.secrets) if (secret.length > 3) text = text.replaceAll(secret, "***");
    return text;
  },

  /**
   * Saves the lines as a file of the user's, among them those of the gateway that come within two seconds.
   * @param {AskForLines | null} [ask]
   */
  async download(ask) {
    /** @type {DatedLine[]} */
    const others = [];
    if (ask) await within(2000, collect(ask, others).catch(() => {}));
    const href = URL.createObjectURL(new Blob([this.text(others)]));
    Object.assign(document.createElement("a"), { href, download: `exotel-voice-${new Date().toJSON()}.log` }).click();
    setTimeout(URL.revokeObjectURL, 1000, href);
  },

  /**
   * Runs a callback of the page. What it throws is logged and harms nothing.
   * @param {string} name
   * @param {Function | null | undefined} callback
   * @param {unknown[]} args
   */
  async call(name, callback, ...args) {
    try {
      await callback?.(...args);
    } catch (error) {
      this.write("error", `${name} failed: ${error}`);
    }
  },
};

/**
 * Reads the gateway's lines piece by piece, and dates them by the clock of this page.
 * @param {AskForLines} ask
 * @param {DatedLine[]} lines
 */
async function collect(ask, lines) {
  let after = 0;
  let ahead;
  do {
    const asked = Date.now();
    const { text, at, next } = await ask(after);
    ahead ??= Number(at) - (asked + Date.now()) / 2;
    for (const [, instant, line] of text.matchAll(/^(\S+) (.*)/gm))
      lines.push(dated(Date.parse(instant) - ahead, "gateway", line));
    after = Number(next);
  } while (after);
}

/**
 * @param {number} at
 * @param {unknown[]} words
 * @returns {DatedLine}
 */
function dated(at, ...words) {
  return { at, line: [new Date(at).toJSON(), ...words].join(" ") };
}
