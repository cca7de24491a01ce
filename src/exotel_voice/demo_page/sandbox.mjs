// @ts-check
/** Buttons that make the local platform call this phone, and what its far side hears. */

import { byId, el, setText } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */

/** @type {[string, string, string][]}  Party, title, what it does. */
const PARTIES = [
  ["echo", "Echo", "plays back what you say"],
  ["tone", "Tone", "a pure 440 Hz"],
  ["ivr", "IVR", "answers each digit by a tone"],
  ["hold-3", "Hold", "holds you, again and again"],
  ["transfer-ivr", "Transfer", "hands you to the IVR"],
  ["hangup-5", "Hang-up", "ends after 5 seconds"],
  ["late-5", "Late", "answers you after 5 seconds"],
  ["busy", "Busy", "connects you to a busy line"],
];

const EVERY_MS = 700;
const HINT = "The sandbox on this machine calls you; you can dial its services, too.";

export class SandboxPanel {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.note = el("p", { className: "hint", role: "status" }, HINT);
    this.buttons = PARTIES.map(([party, title, does]) =>
      el(
        "button",
        { type: "button", className: "party", onclick: () => void this.call(party), "data-party": party },
        el("strong", {}, title),
        el("small", {}, does),
      ),
    );
    this.sound = el("dd", {}, "nothing yet");
    this.digits = el("dd", {}, "none");
    this.heard = el(
      "dl",
      { className: "hears", hidden: true },
      el("dt", {}, "The far side hears"), this.sound,
      el("dt", {}, "Digits it has understood"), this.digits,
    );
    byId("sandbox-body").append(el("div", { className: "parties" }, ...this.buttons), this.heard, this.note);
    phone.addEventListener("change", () => this.render());
    setInterval(() => void this.look(), EVERY_MS);
    this.render();
  }

  get isTalking() {
    return this.phone.calls.some((call) => call.isHere && call.establishedAt);
  }

  render() {
    for (const node of this.buttons) node.disabled = !this.phone.canCall;
    this.heard.hidden = !this.isTalking;
    if (this.phone.calls.length) setText(this.note, HINT);
  }

  /** @param {string} party */
  async call(party) {
    const problem = await this.ask("sandbox/call", { party });
    setText(this.note, problem ?? "Your phone rings in a moment.");
  }

  /**
   * @param {string} path
   * @param {object} body
   * @returns {Promise<string|null>}  What went wrong, or null.
   */
  async ask(path, body) {
    try {
      const reply = await fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return reply.ok ? null : (await reply.json()).message;
    } catch {
      return "The sandbox does not answer.";
    }
  }

  async look() {
    if (!this.isTalking || document.hidden) return;
    try {
      const reply = await fetch("sandbox/heard");
      if (!reply.ok) return;
      const { level, frequency_hz: hertz, digits } = await reply.json();
      const tone = hertz > 50 ? `, ${Math.round(hertz)} Hz` : "";
      setText(this.sound, level > 0.003 ? `${(20 * Math.log10(level)).toFixed(0)} dBFS${tone}` : "silence");
      setText(this.digits, digits || "none");
    } catch {
      setText(this.sound, "the sandbox does not answer");
    }
  }
}
