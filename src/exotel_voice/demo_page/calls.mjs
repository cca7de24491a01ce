// @ts-check
/** The calls that are up in this tab, those in other tabs, and how the last one ended. */

import { button, byId, el, icon } from "./dom.mjs";
import { CallCard } from "./call_card.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */
/** @typedef {import("./phone.mjs").CallView} CallView */

export class Calls {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.place = byId("calls");
    this.elsewhere = byId("elsewhere");
    /** @type {Map<string, CallCard>} */
    this.cards = new Map();
    /** @type {HTMLElement|null} */
    this.note = null;
    phone.addEventListener("change", () => this.render());
    phone.addEventListener("ended", (event) => this.showEnd(/** @type {CustomEvent} */ (event).detail));
    setInterval(() => this.cards.forEach((card) => card.tick()), 1000);
    this.render();
  }

  /** The card that the keyboard's shortcuts mean: the one that talks, or the first. */
  get front() {
    const cards = [...this.cards.values()];
    return cards.find((card) => card.call.state === "active") ?? cards[0] ?? null;
  }

  render() {
    const up = this.phone.calls.filter((call) => call.state !== "incoming");
    const mine = up.filter((call) => !call.isElsewhere);
    for (const [id, card] of this.cards) {
      if (mine.some((call) => call.id === id)) continue;
      const hadFocus = card.element.contains(document.activeElement);
      card.element.remove();
      this.cards.delete(id);
      if (hadFocus) byId("dial-title").focus(); // not the field: there, letters are no shortcuts
    }
    for (const call of mine) this.show(call);
    this.showElsewhere(up.filter((call) => call.isElsewhere));
  }

  /** @param {CallView} call */
  show(call) {
    const card = this.cards.get(call.id);
    if (card) {
      card.update(call);
      return;
    }
    const made = new CallCard(this.phone, call);
    this.cards.set(call.id, made);
    this.clearNote();
    this.place.append(made.element);
    const focus = document.activeElement;
    if (focus === document.body || focus?.closest("#incoming, #dial")) made.title.focus();
  }

  /** @param {CallView[]} calls */
  showElsewhere(calls) {
    this.elsewhere.hidden = !calls.length;
    const ids = calls.map((call) => call.id + call.state).join();
    if (this.elsewhere.dataset.ids === ids) return;
    this.elsewhere.dataset.ids = ids;
    const rows = calls.map((call) =>
      el(
        "li",
        {},
        icon("tab"),
        el("span", {}, `The call with ${call.name || call.number} is in another tab.`),
        button("phone", "Continue here", () => void this.phone.takeOver(call.id), "small"),
      ),
    );
    this.elsewhere.replaceChildren(el("ul", {}, ...rows));
  }

  /** @param {CallView} call */
  showEnd(call) {
    this.clearNote();
    this.note = el(
      "div",
      { className: "card ended", role: "status" },
      icon("end"),
      el("p", {}, `${call.name || call.number}: ${call.endWords}`, el("small", {}, call.endReason)),
      this.noteButton("phone", `Call ${call.name || call.number} again`, () => void this.phone.dial(call.number)),
      this.noteButton("close", "Close", () => this.clearNote()),
    );
    this.place.append(/** @type {HTMLElement} */ (this.note));
  }

  /**
   * @param {string} symbol
   * @param {string} label
   * @param {() => void} act
   */
  noteButton(symbol, label, act) {
    return el("button", { type: "button", className: "button bare small", "aria-label": label, title: label, onclick: act }, icon(symbol));
  }

  clearNote() {
    this.note?.remove();
    this.note = null;
  }
}
