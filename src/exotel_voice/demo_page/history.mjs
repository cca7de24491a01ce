// @ts-check
/** The calls that have ended, kept in this browser until they are cleared. */

import { byId, clock, el, icon, timeOfDay } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */
/** @typedef {import("./phone.mjs").CallView} CallView */
/** @typedef {{id: string, number: string, name: string, direction: string, at: number, seconds: number|null, words: string, isMissed: boolean}} Entry */

const MOST = 30;

export class History {
  /**
   * @param {Phone} phone
   * @param {(target: string) => void} call
   */
  constructor(phone, call) {
    this.call = call;
    this.key = `calls of ${phone.user}`;
    this.list = byId("history");
    this.clear = byId("history-clear");
    this.empty = byId("history-empty");
    /** @type {Entry[]} */
    this.entries = this.read();
    this.clear.addEventListener("click", () => {
      this.keep([]);
      byId("number").focus();
    });
    phone.addEventListener("ended", (event) => this.add(/** @type {CustomEvent} */ (event).detail));
    addEventListener("storage", (event) => {
      if (event.key !== this.key) return;
      this.entries = this.read();
      this.render();
    });
    this.render();
  }

  /** @returns {Entry[]} */
  read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  /** @param {CallView} call */
  add(call) {
    const seconds = call.establishedAt ? ((call.endedAt ?? Date.now()) - call.establishedAt) / 1000 : null;
    const entry = {
      id: call.id, number: call.number, name: call.name, direction: call.direction, isMissed: call.isMissed,
      at: call.startedAt ?? Date.now(), seconds, words: call.endWords,
    };
    // Every tab hears of the end; the first one writes it down.
    this.keep([entry, ...this.read().filter((each) => each.id !== call.id)].slice(0, MOST));
  }

  /** @param {Entry[]} entries */
  keep(entries) {
    this.entries = entries;
    localStorage.setItem(this.key, JSON.stringify(entries));
    this.render();
  }

  render() {
    this.clear.hidden = !this.entries.length;
    this.empty.hidden = this.entries.length > 0;
    this.list.replaceChildren(...this.entries.map((entry) => this.row(entry)));
  }

  /** @param {Entry} entry */
  row(entry) {
    const who = entry.name || entry.number;
    const came = entry.direction === "incoming";
    const missed = entry.isMissed;
    const way = missed ? "missed call" : came ? "they called" : "you called";
    const length = entry.seconds === null ? entry.words : clock(entry.seconds);
    return el(
      "li",
      { className: missed ? "was-missed" : "" },
      icon(missed ? "missed" : came ? "in" : "out"),
      el(
        "span",
        { className: "who" },
        el("strong", {}, who),
        el("small", {}, `${way} · ${timeOfDay(entry.at)} · ${length}`),
      ),
      el(
        "button",
        { type: "button", className: "button bare small", "aria-label": `Call ${who}`, onclick: () => this.call(entry.number) },
        icon("phone"),
      ),
    );
  }
}
