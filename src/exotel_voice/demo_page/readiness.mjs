// @ts-check
/** Whether calls can come: the check of the guide's section 5.13, in words. */

import { button, byId, el, setText } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */

/** @type {Record<string, [string, string]>} */
const WORDS = {
  registered: ["Ready to receive calls.", "is-good"],
  initial: ["Registration is under way.", "is-wait"],
  connecting: ["The connection to the telephone system is being made.", "is-wait"],
  disconnected: ["There is no connection to the telephone system.", "is-bad"],
  websocket_connection_failed: ["The telephone system cannot be reached; check the network.", "is-bad"],
  unregistered: ["You are not registered; press Register.", "is-bad"],
  terminated: ["The registration was refused; check name and password.", "is-bad"],
  media_permission_denied: ["There is no microphone, or the page may not use it; allow it beside the address.", "is-bad"],
  not_initialized: ["The phone has not been set up.", "is-bad"],
  unknown: ["Something is wrong; the log may say what.", "is-bad"],
};

export class Readiness {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.word = byId("ready-word");
    this.answer = el("p", { className: "answer", role: "status" });
    this.answer.hidden = true;
    const check = button("check", "Check now", () => void this.check());
    const hint = el("p", { className: "hint" }, "Looks at the microphone, the connection and the registration, in this order.");
    byId("ready").append(hint, this.answer, el("div", { className: "row" }, check));
  }

  async check() {
    this.answer.hidden = false;
    setText(this.answer, "Checking …");
    const status = await this.phone.checkReady();
    const [words, colour] = WORDS[status] ?? WORDS.unknown;
    this.answer.replaceChildren(el("strong", {}, words), el("code", {}, status));
    setText(this.word, colour === "is-good" ? "yes" : colour === "is-wait" ? "not yet" : "no");
    this.word.className = `tag ${colour}`;
  }
}
