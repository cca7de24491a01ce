// @ts-check
/** @import {AskForLines, DatedLine, LogType} from "./types.d.ts" */

const LOG_LINES = 1000;
/** A file is saved after this time with the lines that have come, also where the gateway is slow. */
const GATEWAY_LIMIT_MS = 2000;
/** Shorter ones are in every other word. */
const MIN_SECRET = 4;
const SECRET_KEY = /secret|password|credential/i;

/** The page's log: the last thousand lines, at the same cost for each however many there were. */
export class Log {
  /** @type {{at: number, type: LogType, message: string, args: unknown[]}[]} */
  #lines = [];
  #next = 0;
  /** @type {((type: LogType, message: string, args: unknown[]) => unknown) | null} */
  callback = null;
  /** @type {Set<(type: LogType, message: string, args: unknown[]) => void>} */
  listeners = new Set();
  isOnConsole = true;
  /** @type {Set<string>} */
  secrets = new Set();

  /**
   * @param {LogType} type
   * @param {string} message
   * @param {unknown[]} args
   */
  write(type, message, ...args) {
    this.#lines[this.#next] = { at: Date.now(), type, message, args };
    this.#next = (this.#next + 1) % LOG_LINES;
    if (this.isOnConsole) console[type](`exotel: ${message}`, ...args);
    for (const listener of this.listeners) listener(type, message, args);
    try {
      this.callback?.(type, message, args);
    } catch (error) {
      console.error("exotel: the logger callback failed", error);
    }
  }

  /**
   * All lines, oldest first, without secrets.
   * @param {DatedLine[]} others
   */
  text(others = []) {
    const lines = [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)]
      .map(({ at, type, message, args }) =>
        ({ at, line: [new Date(at).toISOString(), type, message, ...args.map(printed)].join(" ") }));
    let text = [...lines, ...others].sort((a, b) => a.at - b.at).map(({ line }) => line).join("\n");
    for (const secret of this.secrets) if (secret.length >= MIN_SECRET) text = text.replaceAll(secret, "***");
    return text;
  }

  /**
   * Saves the lines as a file of the user's, among them those of the gateway if it gives any.
   * @param {AskForLines | null} [ask]
   */
  async download(ask) {
    /** @type {DatedLine[]} */
    const others = [];
    const late = () => new Promise((resolve) => setTimeout(resolve, GATEWAY_LIMIT_MS));
    if (ask) await Promise.race([collect(ask, others).catch(() => {}), late()]);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([this.text(others)], { type: "text/plain" }));
    link.download = `exotel-voice-${new Date().toISOString().replace(/[:.]/g, "-")}.log`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /**
   * Runs a callback of the page. What it throws is logged and harms nothing.
   * @param {string} name
   * @param {Function | null | undefined} callback
   * @param {unknown[]} args
   */
  call(name, callback, ...args) {
    /** @param {unknown} error */
    const complain = (error) => this.write("error", `${name} failed: ${String(error)}`);
    try {
      const result = callback?.(...args);
      if (result instanceof Promise) result.catch(complain);
    } catch (error) {
      complain(error);
    }
  }
}

/**
 * Reads the gateway's lines piece by piece, and dates them by the clock of this page.
 * @param {AskForLines} ask
 * @param {DatedLine[]} lines
 */
async function collect(ask, lines) {
  let ahead = NaN;
  for (let after = /** @type {string | undefined} */ ("0"); after; ) {
    const asked = Date.now();
    const { text, at, next } = await ask(Number(after));
    if (after === "0") {
      ahead = Math.round(Number(at) - (asked + Date.now()) / 2);
      lines.push({ at: 0, line: `(the clock of the gateway is ${ahead} ms ahead)` });
    }
    for (const line of text.split("\n").filter(Boolean))
      lines.push({ at: Date.parse(line.split(" ")[0]) - ahead, line: line.replace(" ", " gateway ") });
    after = next;
  }
}

/** @param {unknown} value */
function printed(value) {
  if (typeof value !== "object" || value === null || value instanceof Error) return String(value);
  try {
    return JSON.stringify(value, (key, part) => (SECRET_KEY.test(key) ? "***" : part));
  } catch {
    return String(value);
  }
}

/** One log for all phones of a page. */
export const log = new Log();
