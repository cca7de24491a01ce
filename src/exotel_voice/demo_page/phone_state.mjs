// @ts-check
/** What is known of the phone: its client's events, turned into what the views show. */

import { ExotelWebClient } from "../voice/exotelsdk.mjs";
import { endedView, transferWords, viewOf } from "./call_view.mjs";

/** @typedef {import("./call_view.mjs").CallView} CallView */
/** @typedef {{isSelf: boolean, isActive: boolean, call: string|null}} TabView */
/** @typedef {{codec: string, sent: number, received: number, lost: number, jitterMs: number|null, roundTripMs: number|null, bufferMs: number|null, concealedMs: number|null}} Stats */

const SILENCE = { input: 0, output: 0 };

/**
 * Events: `change` (anything that is shown), `ended` (a CallView), `notice` ({level, text, hint}),
 * `log` ({at, level, text}) and `devices`.
 */
export class PhoneState extends EventTarget {
  /** @param {string} user  Whose phone it is, as the server says. */
  constructor(user) {
    super();
    this.user = user;
    this.client = new ExotelWebClient();
    /** @type {{state: string}} */
    this.registration = { state: "unregistered" };
    this.connection = "connecting";
    this.isAttached = false;
    /** Whether the user wants to be registered. */
    this.isWanted = false;
    /** @type {TabView[]} */
    this.tabs = [];
    /** What the page adds to a call: digits sent, how a transfer goes, the codec. */
    this.additions = new Map();
    this.listen();
  }

  listen() {
    const client = this.client;
    client.addEventListener("connection", ({ detail }) => {
      if (this.connection !== detail.state) this.note("event", `connection: ${detail.state}`);
      this.connection = detail.state;
      if (detail.state === "refused") this.problem(detail.reason);
      this.change();
    });
    client.addEventListener("call", ({ detail }) => this.onCall(detail));
    client.addEventListener("tabs", ({ detail }) => {
      this.tabs = detail.tabs.map((tab) => ({ isSelf: tab.is_self, isActive: tab.is_active, call: tab.has_media }));
      this.change();
    });
    client.addEventListener("quality", ({ detail }) => {
      if (detail.call) this.addition(detail.call.callId).codec = detail.stats.codec;
    });
    client.addEventListener("autoplay", ({ detail }) => {
      if (detail.isBlocked) this.tell("wait", "The browser keeps the page silent until you click into it.");
    });
    client.addEventListener("error", ({ detail }) => this.problem(detail));
    client.addEventListener("log", ({ detail }) => {
      this.note(detail.type, [detail.message, ...detail.args.map(printed)].join(" "));
    });
    client.registerAudioDeviceChangeCallback(() => this.send("devices"), () => this.send("devices"));
  }

  // -- what is -------------------------------------------------------------------------------

  /** @returns {CallView[]}  The calls that are not over, oldest first. */
  get calls() {
    const elsewhere = new Set(this.tabs.filter((tab) => !tab.isSelf && tab.call).map((tab) => tab.call));
    return this.client.calls
      .filter((call) => call.callState !== "ended")
      .map((call) => viewOf(call, this.addition(call.callId), elsewhere.has(call.callId)));
  }

  /** The call in which one talks in this tab, or null. */
  get talkingCall() {
    return this.calls.find((call) => call.isHere && call.state === "active") ?? null;
  }

  get isRegistered() {
    return this.registration.state === "registered";
  }

  /** Whether the way to the telephone system is broken; calls wait until it is back. */
  get isCut() {
    return this.isWanted && this.connection !== "connected";
  }

  get canCall() {
    return this.isAttached && this.isRegistered && this.connection === "connected";
  }

  get callVolume() {
    return this.client.getCallAudioOutputVolume();
  }

  get ringVolume() {
    return this.client.getAudioOutputVolume("ringtone");
  }

  /** @returns {Promise<string>}  The guide's word, section 5.13. */
  checkReady() {
    return new Promise((resolve) => this.client.checkClientStatus(resolve));
  }

  /** Levels of this moment, 0 to 1. */
  levels() {
    const talking = this.talkingCall;
    return (talking && this.call(talking.id)?.levels()) ?? SILENCE;
  }

  /**
   * @param {string} id
   * @returns {Promise<Stats|null>}
   */
  async stats(id) {
    const stats = await this.call(id)?.stats();
    if (!stats) return null;
    return {
      codec: stats.codec, sent: stats.packets_sent, received: stats.packets_received, lost: stats.packets_lost,
      jitterMs: stats.jitter_ms, roundTripMs: stats.round_trip_ms, bufferMs: stats.buffer_ms,
      concealedMs: stats.concealed_ms,
    };
  }

  // -- pieces --------------------------------------------------------------------------------

  /** @param {string} id */
  call(id) {
    return this.client.calls.find((call) => call.callId === id);
  }

  /** @param {string} id */
  addition(id) {
    if (!this.additions.has(id)) this.additions.set(id, { digits: "", transfer: "", codec: "" });
    return this.additions.get(id);
  }

  /**
   * @param {string} state
   * @param {{message: string, hint: string}|undefined} reason
   */
  onRegistration(state, reason) {
    this.registration = { state };
    this.note("event", `RegisterEventCallBack ${state}`);
    if (state === "terminated") this.problem(reason ?? { message: "The registration was refused." });
    this.change();
  }

  /** @param {{event: string, call: any, transfer?: any, digit?: string}} detail */
  onCall({ event, call, transfer, digit }) {
    const addition = this.addition(call.callId);
    if (transfer) addition.transfer = transferWords(transfer);
    this.note("event", `call ${event}: ${call.remoteId}${digit ? ` ${digit}` : ""}`);
    if (event === "callEnded" || event === "terminated") {
      this.send("ended", endedView(call, addition, event));
      this.additions.delete(call.callId);
    }
    this.change();
  }

  change() {
    this.send("change");
  }

  /** @param {any} error */
  problem(error) {
    this.tell("bad", error?.message ?? String(error), error?.hint);
  }

  /**
   * @param {string} level
   * @param {string} text
   * @param {string} [hint]
   */
  tell(level, text, hint) {
    this.note(level === "bad" ? "error" : "warn", [text, hint].filter(Boolean).join(" "));
    this.send("notice", { level, text, hint });
  }

  /**
   * @param {string} level
   * @param {string} text
   */
  note(level, text) {
    this.send("log", { at: Date.now(), level, text });
  }

  /**
   * @param {string} type
   * @param {unknown} [detail]
   */
  send(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {unknown} value */
function printed(value) {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : JSON.stringify(value);
}
