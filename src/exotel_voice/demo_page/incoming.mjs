// @ts-check
/** The banner of a call that rings. */

import { button, byId, el, setText } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */
/** @typedef {import("./phone.mjs").CallView} CallView */

class Banner {
  /**
   * @param {Phone} phone
   * @param {CallView} call
   */
  constructor(phone, call) {
    this.phone = phone;
    this.id = call.id;
    this.answer = button("phone", "Answer", () => void phone.answer(call.id), "good");
    this.holdAndAnswer = button("pause", "Hold and answer", () => void phone.holdAndAnswer(call.id), "good");
    this.endAndAnswer = button("end", "End and answer", () => void phone.endAndAnswer(call.id));
    this.reject = button("end", "Reject", () => void phone.reject(call.id), "bad");
    const who = el("h3", { id: `who-${call.id}` }, call.name || call.number);
    const id = call.callSid || call.sessionId || call.id;
    this.element = el(
      "section",
      { className: "card ringing", "aria-labelledby": `who-${call.id}` },
      el(
        "div",
        { className: "call-head" },
        el("span", { className: "face", "aria-hidden": "true" }, (call.name || call.number || "?")[0]),
        el("div", { className: "who" }, who, el("p", {}, call.name ? `${call.number} is calling` : "is calling")),
      ),
      el("p", { className: "ids" }, "Call id ", el("code", {}, id)),
      el("div", { className: "row" }, this.answer, this.holdAndAnswer, this.endAndAnswer, this.reject),
    );
    this.render();
  }

  render() {
    const talking = this.phone.talkingCall !== null;
    this.answer.hidden = talking;
    this.holdAndAnswer.hidden = !talking;
    this.endAndAnswer.hidden = !talking;
  }
}

export class Incoming {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.place = byId("incoming");
    /** @type {Map<string, Banner>} */
    this.banners = new Map();
    this.title = document.title;
    phone.addEventListener("change", () => this.render());
    this.render();
  }

  render() {
    const ringing = this.phone.calls.filter((call) => call.state === "incoming");
    for (const [id, banner] of this.banners) {
      if (ringing.some((call) => call.id === id)) continue;
      banner.element.remove();
      this.banners.delete(id);
    }
    for (const call of ringing) {
      const banner = this.banners.get(call.id);
      if (banner) banner.render();
      else this.show(call);
    }
    const first = ringing[0];
    document.title = first ? `☎ ${first.name || first.number} is calling` : this.title;
    if (!first) setText(byId("announcer"), "");
  }

  /** @param {CallView} call */
  show(call) {
    const banner = new Banner(this.phone, call);
    this.banners.set(call.id, banner);
    this.place.append(banner.element);
    const keys = this.phone.talkingCall ? "Press A to hold your call and answer" : "Press A to answer";
    setText(byId("announcer"), `${call.name || call.number} is calling. ${keys}, R to reject; Escape leaves a field first.`);
  }
}
