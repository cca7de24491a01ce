// @ts-check
/** The tests of the guide's section 5.11: loudspeaker, microphone, network. */

import { button, byId, el, setText } from "./dom.mjs";
import { Meter } from "./sound.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */

/** @type {Record<string, string>} */
const NAMES = {
  browserVersion: "Browser", micInfo: "Microphone", speakerInfo: "Loudspeaker", wss: "Connection",
  userReg: "Registration", tcp: "TCP", udp: "UDP", host: "Local address", srflx: "Public address",
};
const GOOD = new Set(["connected", "registered"]);
const BAD = new Set(["disconnected", "unregistered", "terminated"]);

/** A test that a person judges: it starts, shows a level, and is ended by yes or no. */
class HeardTest {
  /**
   * @param {{title: string, question: string, start: () => void, stop: (answer?: string) => void}} what
   */
  constructor({ title, question, start, stop }) {
    this.stop = stop;
    this.meter = new Meter(`Level of the test: ${title}`);
    this.verdict = el("span", { className: "tag", role: "status" });
    this.startButton = button("play", "Start", () => { this.run(true); start(); }, "small");
    this.asking = el(
      "div",
      { className: "stack", hidden: true },
      el("p", {}, question),
      this.meter.element,
      el(
        "div",
        { className: "row" },
        button("check", "Yes", () => this.end("yes"), "small good"),
        button("close", "No", () => this.end("no"), "small bad"),
        button("stop", "Stop", () => this.end(undefined), "small"),
      ),
    );
    this.element = el("div", { className: "test" }, el("h3", {}, title, this.verdict), this.asking, el("div", { className: "row" }, this.startButton));
  }

  /** @param {boolean} running */
  run(running) {
    this.asking.hidden = !running;
    this.startButton.hidden = running;
    setText(this.verdict, "");
    this.meter.show(0);
    if (running) this.asking.querySelector("button")?.focus();
  }

  /** @param {string|undefined} answer */
  end(answer) {
    this.stop(answer);
    this.run(false);
    this.startButton.focus();
    if (!answer) return;
    setText(this.verdict, answer === "yes" ? "works" : "does not work");
    this.verdict.className = `tag ${answer === "yes" ? "is-good" : "is-bad"}`;
  }
}

export class Diagnostics {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.client = phone.client;
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.speaker = new HeardTest({
      title: "Loudspeaker",
      question: "A ringing tone plays. Do you hear it?",
      start: () => this.begin(() => this.client.startSpeakerDiagnosticsTest()),
      stop: (answer) => this.client.stopSpeakerDiagnosticsTest(answer),
    });
    this.mic = new HeardTest({
      title: "Microphone",
      question: "Say something. Does the bar move?",
      start: () => this.begin(() => this.client.startMicDiagnosticsTest()),
      stop: (answer) => this.client.stopMicDiagnosticsTest(answer),
    });
    this.table = el("tbody");
    const network = el(
      "div",
      { className: "test" },
      el("h3", {}, "Network"),
      el("table", { className: "results" }, el("caption", { className: "unseen" }, "Results"), this.table),
      el("div", { className: "row" }, button("net", "Test the network", () => this.network(), "small")),
    );
    byId("tests").append(el("div", { className: "tests" }, this.speaker.element, this.mic.element, network));
    this.begun = false;
  }

  /** @param {() => void} test */
  begin(test) {
    if (!this.begun) {
      this.client.initDiagnostics(
        (/** @type {string} */ _status, /** @type {string} */ text) => this.phone.note("log", text),
        (/** @type {string} */ key, /** @type {unknown} */ status, /** @type {unknown} */ text) => this.take(key, status, text),
      );
      this.begun = true;
    }
    test();
  }

  network() {
    this.table.replaceChildren();
    this.rows.clear();
    this.begin(() => this.client.startNetworkDiagnostics());
  }

  /**
   * @param {string} key
   * @param {unknown} status
   * @param {unknown} description
   */
  take(key, status, description) {
    if (key === "speaker" || key === "mic") {
      const test = key === "mic" ? this.mic : this.speaker;
      test.meter.show(Number(status) || 0);
      return;
    }
    const colour = GOOD.has(String(status)) ? "is-good" : BAD.has(String(status)) ? "is-bad" : "";
    const row = el(
      "tr",
      {},
      el("th", { scope: "row" }, NAMES[key] ?? key),
      el("td", {}, el("span", { className: `tag ${colour}` }, String(status)), el("small", {}, String(description ?? ""))),
    );
    const old = this.rows.get(key);
    if (old) old.replaceWith(row);
    else this.table.append(row);
    this.rows.set(key, row);
  }
}
