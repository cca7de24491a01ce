// @ts-check
/** One call: who, how long, and what can be done with it. */

import { button, clock, el, relabel, setText } from "./dom.mjs";
import { Keypad } from "./keypad.mjs";
import { TransferDrawer } from "./transfer.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */
/** @typedef {import("./phone.mjs").CallView} CallView */

/** @type {Record<string, [string, string]>}  What a state is called, and its colour. */
const STATES = {
  dialing: ["calling", "is-wait"],
  ringing: ["ringing", "is-wait"],
  active: ["connected", "is-good"],
  held: ["on hold", "is-wait"],
  reconnecting: ["reconnecting", "is-wait"],
};

export class CallCard {
  /**
   * @param {Phone} phone
   * @param {CallView} call
   */
  constructor(phone, call) {
    this.phone = phone;
    this.call = call;
    const id = call.id;
    this.face = el("span", { className: "face", "aria-hidden": "true" });
    this.title = el("h3", { id: `call-${id}`, tabIndex: -1 });
    this.sub = el("p");
    this.timer = el("span", { className: "timer", role: "timer", "aria-live": "off" });
    this.state = el("span", { className: "tag", role: "status" });
    this.mute = button("mic", "Mute", () => void phone.toggleMute(id));
    this.hold = button("pause", "Hold", () => void phone.toggleHold(id));
    this.keys = button("keypad", "Keypad", () => this.open("keys"));
    this.more = button("transfer", "Transfer", () => this.open("transfer"));
    this.takeOver = button("tab", "Continue here", () => void phone.takeOver(id), "accent wide");
    this.end = button("end", "Hang up", () => void phone.hangUp(id), "bad wide");
    this.keypad = new Keypad("Digits for the far side", (key) => void phone.sendDigits(id, key));
    this.sent = el("p", { className: "sent", role: "status", "aria-label": "Digits sent" });
    this.keysDrawer = el("div", { className: "drawer", hidden: true }, this.sent, this.keypad.element);
    this.transfer = new TransferDrawer(phone, id);
    this.facts = el("dl", { className: "facts" });
    this.details = el("details", {}, el("summary", {}, "Details of the call"), this.facts);
    this.strip = el("div", { className: "strip" });
    this.controls = el("div", { className: "controls", role: "group", "aria-label": "Call controls" });
    this.controls.append(this.mute, this.hold, this.keys, this.more);
    this.element = this.build();
    this.open(null);
    this.update(call);
  }

  build() {
    return el(
      "section",
      { className: "card call", "aria-labelledby": `call-${this.call.id}` },
      el(
        "div",
        { className: "call-head" },
        this.face,
        el("div", { className: "who" }, this.title, this.sub),
        el("div", { className: "when" }, this.timer, el("div", {}, this.state)),
      ),
      this.strip,
      this.controls,
      this.keysDrawer,
      this.transfer.element,
      el("div", { className: "end stack" }, this.takeOver, this.end),
      this.details,
    );
  }

  /** @param {CallView} call */
  update(call) {
    this.call = call;
    const up = call.state === "active" || call.state === "held" || call.state === "reconnecting";
    setText(this.face, (call.name || call.number || "?")[0]);
    setText(this.title, call.name || call.number);
    const way = call.direction === "incoming" ? "called you" : "you called";
    setText(this.sub, call.name && call.name !== call.number ? `${call.number} · ${way}` : way);
    const lost = up && !call.isHere;
    const cut = call.state === "reconnecting" || this.phone.isCut;
    const [word, colour] = up && cut ? STATES.reconnecting : lost ? ["no audio here", "is-bad"] : (STATES[call.state] ?? [call.state, ""]);
    setText(this.state, word);
    this.state.className = `tag ${colour}`;
    this.element.classList.toggle("is-quiet", call.state === "held");
    this.controls.hidden = !up || lost;
    this.takeOver.hidden = !lost;
    const held = call.isHeld;
    relabel(this.mute, call.isMuted ? "mic-off" : "mic", call.isMuted ? "Unmute" : "Mute", call.isMuted);
    relabel(this.hold, held ? "play" : "pause", held ? "Resume" : "Hold", held);
    relabel(this.end, "end", up ? "Hang up" : "Cancel the call");
    for (const node of [this.mute, this.hold, this.keys, this.more]) node.disabled = cut;
    if (!up || lost) this.open(null);
    this.transfer.update(call);
    setText(this.sent, call.digits);
    this.writeStrip(call);
    if (this.details.open || !this.facts.childElementCount) this.writeFacts(call);
    this.details.hidden = !up;
    this.tick();
  }

  /** @param {CallView} call */
  writeStrip(call) {
    /** @type {[string, string][]} */
    const marks = [];
    if (call.isMuted) marks.push(["You are muted", "is-bad"]);
    if (call.isRemoteHeld) marks.push(["The far side holds you", "is-wait"]);
    if (call.transfer) marks.push([call.transfer, "is-wait"]);
    const text = marks.map(([words]) => words).join();
    if (this.strip.dataset.text === text) return;
    this.strip.dataset.text = text;
    this.strip.replaceChildren(
      ...marks.map(([words, colour]) => el("span", { className: `tag ${colour}`, role: "status" }, words)),
    );
    this.strip.hidden = !marks.length;
  }

  /** @param {CallView} call */
  writeFacts(call) {
    /** @type {[string, string][]} */
    const rows = [
      ["Call id", call.id], ["Session id", call.sessionId], ["Call Sid", call.callSid],
      ["Leg Sid", call.legSid], ["Codec", call.codec],
      ...Object.entries(call.headers),
    ];
    this.facts.replaceChildren(
      ...rows.filter(([, value]) => value).flatMap(([name, value]) => [
        el("dt", {}, name), el("dd", { className: "mono" }, value),
      ]),
    );
  }

  /** @param {"keys"|"transfer"|null} drawer  Opens it, or closes it when it is open. */
  open(drawer) {
    const keys = drawer === "keys" && this.keysDrawer.hidden;
    const transfer = drawer === "transfer" && this.transfer.element.hidden;
    this.keysDrawer.hidden = !keys;
    this.transfer.element.hidden = !transfer;
    this.keys.setAttribute("aria-expanded", String(keys));
    this.more.setAttribute("aria-expanded", String(transfer));
    if (transfer) this.transfer.field.focus();
  }

  /** Show the time that has passed; called each second. */
  tick() {
    const from = this.call.establishedAt ?? 0;
    setText(this.timer, from ? clock((Date.now() - from) / 1000) : "");
  }
}
