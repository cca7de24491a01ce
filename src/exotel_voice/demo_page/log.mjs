// @ts-check
/** What the phone writes down, to read here and to save. */

import { button, byId, el, saveFile, timeOfDay } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */
/** @typedef {{at: number, level: string, text: string}} Line */

const MOST = 1000;
/** @type {Record<string, Set<string>>} */
const LEVELS = {
  everything: new Set(["log", "info", "warn", "error", "event"]),
  "events and problems": new Set(["event", "warn", "error"]),
  problems: new Set(["warn", "error"]),
};

export class Log {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    /** @type {Line[]} */
    this.lines = [];
    this.view = el("div", { className: "lines", tabIndex: 0, role: "log", "aria-live": "off", "aria-label": "Log lines" });
    this.choice = el(
      "select",
      { "aria-label": "What to show", onchange: () => this.rewrite() },
      ...Object.keys(LEVELS).map((name) => el("option", {}, name)),
    );
    byId("log").append(
      el(
        "div",
        { className: "tools" },
        this.choice,
        el(
          "div",
          { className: "row" },
          button("close", "Clear", () => this.clear(), "small"),
          button("save", "Save", () => this.save(), "small"),
          button("save", "Save the phone’s log", () => phone.downloadLogs(), "small"),
        ),
      ),
      this.view,
    );
    phone.addEventListener("log", (event) => this.add(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {Line} line */
  add(line) {
    this.lines.push(line);
    if (this.lines.length > MOST) this.lines.shift();
    if (!this.shown.has(line.level)) return;
    const atEnd = this.view.scrollHeight - this.view.scrollTop - this.view.clientHeight < 40;
    this.view.append(this.row(line));
    if (this.view.childElementCount > MOST) this.view.firstElementChild?.remove();
    if (atEnd) this.view.scrollTop = this.view.scrollHeight;
  }

  get shown() {
    return LEVELS[this.choice.value] ?? LEVELS.everything;
  }

  /** @param {Line} line */
  row(line) {
    return el("p", { className: line.level }, el("time", {}, timeOfDay(line.at)), line.text);
  }

  rewrite() {
    this.view.replaceChildren(...this.lines.filter((line) => this.shown.has(line.level)).map((line) => this.row(line)));
    this.view.scrollTop = this.view.scrollHeight;
  }

  clear() {
    this.lines = [];
    this.rewrite();
  }

  save() {
    const text = this.lines.map((line) => `${new Date(line.at).toISOString()} ${line.level.padEnd(5)} ${line.text}`);
    saveFile(`phone-${this.phone.user}.log`, `${text.join("\n")}\n`);
  }
}
