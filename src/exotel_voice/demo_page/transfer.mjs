// @ts-check
/** Handing a call to somebody else: at once, after a talk, or by joining two calls. */

import { button, el, setText } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */
/** @typedef {import("./phone.mjs").CallView} CallView */

export class TransferDrawer {
  /**
   * @param {Phone} phone
   * @param {string} id  The call to hand over.
   */
  constructor(phone, id) {
    this.phone = phone;
    this.id = id;
    this.field = el("input", {
      type: "text", id: `to-${id}`, list: "known", autocapitalize: "off", spellcheck: false, autocomplete: "off",
      placeholder: "Name or number",
    });
    this.blind = button("transfer", "Transfer now", () => this.now(), "accent");
    this.ask = button("phone", "Ask first", () => this.first());
    this.join = button("join", "Join the two calls", () => this.joinOther(), "accent wide");
    this.hint = el("p", { className: "hint", role: "status" });
    this.form = el(
      "form",
      { className: "stack", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.now(); } },
      el("label", { htmlFor: `to-${id}` }, "Transfer to"),
      this.field,
      el("div", { className: "row" }, this.blind, this.ask),
    );
    this.element = el("div", { className: "drawer", hidden: true }, this.join, this.form, this.hint);
    /** @type {CallView|null} */
    this.other = null;
  }

  /** @param {CallView} call */
  update(call) {
    this.other = this.phone.calls.find(
      (each) => each.id !== call.id && each.isHere && (each.state === "active" || each.state === "held"),
    ) ?? null;
    this.join.hidden = !this.other;
    this.form.hidden = Boolean(this.other);
    if (this.other) {
      const [one, two] = [call, this.other].map((each) => each.name || each.number);
      setText(this.hint, `${one} and ${two} then talk to each other, and you leave both calls.`);
    } else {
      setText(this.hint, "“Ask first” holds this call and dials; then join the two.");
    }
  }

  target() {
    const target = this.field.value.trim();
    if (!target) {
      setText(this.hint, "Type whom to transfer the call to.");
      this.field.focus();
    }
    return target;
  }

  now() {
    const target = this.target();
    if (target) void this.phone.transfer(this.id, target);
  }

  first() {
    const target = this.target();
    if (target) void this.phone.dial(target);
  }

  joinOther() {
    if (this.other) void this.phone.join(this.other.id, this.id);
  }
}
