// @ts-check
/** Single keys of the keyboard, which can be switched off, and never act while one types. */

import { byId, el } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */
/** @typedef {import("./calls.mjs").Calls} Calls */

const KEPT = "shortcuts are off";

export class Shortcuts {
  /**
   * @param {Phone} phone
   * @param {Calls} calls
   * @param {import("./dialer.mjs").Dialer} dialer
   */
  constructor(phone, calls, dialer) {
    this.phone = phone;
    this.dialer = dialer;
    this.calls = calls;
    this.box = el("input", { type: "checkbox", id: "keys-on", checked: !localStorage.getItem(KEPT) });
    this.box.addEventListener("change", () => {
      if (this.box.checked) localStorage.removeItem(KEPT);
      else localStorage.setItem(KEPT, "1");
    });
    /** @type {[string, string, () => void][]} */
    this.keys = [
      ["A", "answer", () => this.answer()],
      ["R", "reject", () => this.withRinging((id) => void phone.reject(id))],
      ["E", "end", () => this.withCall((id) => void phone.hangUp(id))],
      ["M", "mute", () => this.withCall((id) => void phone.toggleMute(id))],
      ["H", "hold", () => this.withCall((id) => void phone.toggleHold(id))],
      ["K", "keypad", () => calls.front?.open("keys")],
      ["T", "transfer", () => calls.front?.open("transfer")],
      ["D", "dial", () => byId("number").focus()],
    ];
    byId("shortcuts").append(
      el(
        "div",
        { className: "keys-list" },
        el("span", { className: "check" }, this.box, el("label", { htmlFor: "keys-on" }, "Keyboard shortcuts")),
        ...this.keys.map(([key, does]) => el("span", {}, el("kbd", {}, key), ` ${does}`)),
        el("span", {}, el("kbd", {}, "Esc"), " leave a field"),
        el("span", {}, el("kbd", {}, "0–9 * #"), " digits to the call or the dial field"),
      ),
    );
    document.addEventListener("keydown", (event) => this.take(event));
  }

  /** @param {KeyboardEvent} event */
  take(event) {
    const at = /** @type {HTMLElement|null} */ (event.target);
    const typing = at?.closest("input:not([type=checkbox]), select, textarea, .lines");
    if (typing && event.key === "Escape") at?.blur();
    if (!this.box.checked || event.repeat || event.ctrlKey || event.altKey || event.metaKey || typing) return;
    const known = this.keys.find(([key]) => key === event.key.toUpperCase());
    const digit = /^[0-9*#]$/.test(event.key);
    if (!known && !digit) return;
    event.preventDefault();
    if (known) known[2]();
    else this.digit(event.key);
  }

  /** @param {string} key  Goes to the call, or into the dial field when there is none. */
  digit(key) {
    const card = this.calls.front;
    if (card) {
      card.keypad.touch(key);
      return;
    }
    this.dialer.field.focus();
    this.dialer.type(key);
  }

  answer() {
    this.withRinging((id) => void (this.phone.talkingCall ? this.phone.holdAndAnswer(id) : this.phone.answer(id)));
  }

  /** @param {(id: string) => void} act */
  withRinging(act) {
    const call = this.phone.calls.find((each) => each.state === "incoming");
    if (call) act(call.id);
  }

  /** @param {(id: string) => void} act */
  withCall(act) {
    const card = this.calls.front;
    if (card) act(card.call.id);
  }
}
