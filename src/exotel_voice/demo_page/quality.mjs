// @ts-check
/** Round trip, jitter and loss of the call, drawn over the last minute. */

import { byId, el, setText, svg } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */

const SAMPLES = 60;
const EVERY_MS = 1000;
const HEIGHT = 46;

class Chart {
  /**
   * @param {string} name
   * @param {string} unit
   * @param {number} floor  The least value that fills the height.
   * @param {number} limit  From here on people notice.
   */
  constructor(name, unit, floor, limit) {
    this.unit = unit;
    this.floor = floor;
    this.limit = limit;
    /** @type {number[]} */
    this.values = [];
    this.now = el("span", { className: "now" }, "–");
    this.trace = svg("polyline", { class: "trace", points: "" });
    this.under = svg("polygon", { class: "under", points: "" });
    this.line = svg("line", { class: "limit", x1: 0, x2: SAMPLES - 1, y1: -1, y2: -1 });
    const picture = svg(
      "svg",
      { viewBox: `0 0 ${SAMPLES - 1} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      this.under, this.line, this.trace,
    );
    this.element = el("div", { className: "chart" }, el("div", { className: "name" }, name, this.now), picture);
  }

  /** @param {number|null} value */
  add(value) {
    if (value === null || Number.isNaN(value)) return;
    this.values = [...this.values, value].slice(-SAMPLES);
    setText(this.now, `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${this.unit}`);
    this.draw();
  }

  draw() {
    const most = Math.max(this.floor, ...this.values) * 1.1;
    const y = (/** @type {number} */ value) => HEIGHT - 2 - (value / most) * (HEIGHT - 4);
    const first = SAMPLES - this.values.length;
    const points = this.values.map((value, at) => `${first + at},${y(value).toFixed(1)}`);
    this.trace.setAttribute("points", points.join(" "));
    this.under.setAttribute("points", [`${first},${HEIGHT}`, ...points, `${SAMPLES - 1},${HEIGHT}`].join(" "));
    const at = this.limit <= most ? y(this.limit) : -1;
    this.line.setAttribute("y1", String(at));
    this.line.setAttribute("y2", String(at));
  }

  clear() {
    this.values = [];
    setText(this.now, "–");
    this.trace.setAttribute("points", "");
    this.under.setAttribute("points", "");
  }
}

export class Quality {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.charts = {
      trip: new Chart("Round trip", "ms", 60, 300),
      jitter: new Chart("Jitter", "ms", 20, 30),
      loss: new Chart("Loss", "%", 4, 3),
    };
    this.word = byId("quality-word");
    this.figures = el("dl", { className: "figures" });
    this.empty = el("p", { className: "hint" }, "Measured while you talk, each second for the last minute.");
    /** @type {{call: string, received: number, lost: number}|null} */
    this.last = null;
    const { trip, jitter, loss } = this.charts;
    byId("quality").append(trip.element, jitter.element, loss.element, this.figures, this.empty);
    setInterval(() => void this.measure(), EVERY_MS);
  }

  async measure() {
    const call = this.phone.talkingCall;
    const stats = call ? await this.phone.stats(call.id) : null;
    if (!call || !stats) {
      setText(this.word, "");
      return;
    }
    if (this.last?.call !== call.id) {
      for (const chart of Object.values(this.charts)) chart.clear();
      this.last = { call: call.id, received: stats.received, lost: stats.lost };
    }
    const received = stats.received - this.last.received;
    const lost = Math.max(0, stats.lost - this.last.lost);
    const loss = received + lost > 0 ? (100 * lost) / (received + lost) : 0;
    this.last = { call: call.id, received: stats.received, lost: stats.lost };
    this.charts.trip.add(stats.roundTripMs);
    this.charts.jitter.add(stats.jitterMs);
    this.charts.loss.add(loss);
    this.judge(stats.roundTripMs ?? 0, stats.jitterMs ?? 0);
    this.write(stats);
  }

  /**
   * @param {number} trip
   * @param {number} jitter
   */
  judge(trip, jitter) {
    const lately = this.charts.loss.values.slice(-10);
    const loss = lately.reduce((sum, value) => sum + value, 0) / (lately.length || 1);
    const bad = trip > 500 || jitter > 60 || loss > 8;
    const fair = trip > 300 || jitter > 30 || loss > 3;
    setText(this.word, bad ? "poor" : fair ? "fair" : "good");
    this.word.className = `tag ${bad ? "is-bad" : fair ? "is-wait" : "is-good"}`;
  }

  /** @param {import("./phone.mjs").Stats} stats */
  write(stats) {
    /** @type {[string, string][]} */
    const rows = [
      ["Codec", stats.codec || "–"], ["Sent", `${stats.sent}`], ["Received", `${stats.received}`],
      ["Lost", `${stats.lost}`], ["Buffer", `${Math.round(stats.bufferMs ?? 0)} ms`],
      ["Concealed", `${Math.round(stats.concealedMs ?? 0)} ms`],
    ];
    this.figures.replaceChildren(
      ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
    );
    this.empty.hidden = true;
  }
}
