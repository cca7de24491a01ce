// @ts-check
/** The dial field with its keys. */

import { byId, el, icon, setText } from "./dom.mjs";
import { Keypad } from "./keypad.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */

export class Dialer {
  /**
   * @param {Phone} phone
   * @param {string[]} known  What can be dialled, to be offered.
   */
  constructor(phone, known) {
    this.phone = phone;
    this.field = byId("number");
    this.hint = byId("dial-hint");
    this.go = byId("dial-go");
    const keypad = new Keypad("Dial keys", (key) => this.type(key));
    this.whyNot = false;
    this.pad = byId("dial-pad");
    this.pad.append(keypad.element);
    this.go.append(icon("phone"), el("span", {}, "Call"));
    byId("erase").append(icon("back"));
    byId("erase").addEventListener("click", () => this.erase());
    byId("known").append(...known.map((name) => el("option", { value: name })));
    byId("dial").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.call();
    });
    phone.addEventListener("change", () => this.render());
    this.render();
  }

  /** @param {string} key */
  type(key) {
    const at = this.field.selectionStart ?? this.field.value.length;
    this.field.setRangeText(key, at, this.field.selectionEnd ?? at, "end");
  }

  erase() {
    this.field.value = this.field.value.slice(0, -1);
    this.field.focus();
  }

  /** @param {string} [target]  Whom to call; the field's text without it. */
  async call(target) {
    if (target !== undefined) this.field.value = target;
    const wanted = this.field.value.trim();
    if (!wanted) {
      setText(this.hint, "Type a name or a number first.");
      this.field.focus();
      return;
    }
    if (!this.phone.canCall) return;
    setText(this.hint, "");
    if (await this.phone.dial(wanted)) this.field.value = "";
  }

  render() {
    const { canCall, connection, isWanted, calls } = this.phone;
    this.go.disabled = !canCall;
    this.pad.hidden = calls.some((call) => call.isHere);
    const why = connection === "connected" || !isWanted ? "Register first; then you can call." : "Offline; calls are possible again once the connection is back.";
    if (canCall && this.whyNot) setText(this.hint, "");
    if (!canCall) setText(this.hint, why);
    this.whyNot = !canCall;
  }
}

