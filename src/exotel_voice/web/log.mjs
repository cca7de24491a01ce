// @ts-check
/** @import {LogType} from "./types.d.ts" */

const LOG_LINES = 1000;
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

  /** All lines, oldest first. */
  text() {
    const lines = [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
    return lines
      .map(({ at, type, message, args }) =>
        [new Date(at).toISOString(), type, message, ...args.map(printed)].join(" "))
      .join("\n");
  }

  /** Saves the lines as a file of the user's. */
  download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([this.text()], { type: "text/plain" }));
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
