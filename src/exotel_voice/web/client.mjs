// @ts-check
import { readAccount } from "./account.mjs";
import { moduleAddress, socketAddress } from "./address.mjs";
import { CallBook } from "./calls.mjs";
import { Diagnostics } from "./diagnostics.mjs";
import { facts, failure } from "./failure.mjs";
import { Link } from "./link.mjs";
import { log } from "./log.mjs";
import { MediaDesk } from "./media_desk.mjs";
import { canUseMicrophone } from "./microphone.mjs";
import { PagePhone } from "./page_phone.mjs";
import { Registration } from "./registration.mjs";
import { tones } from "./tones.mjs";
/** @import {Call} from "./call.mjs" */
/** @import {ErrorFacts, LinkState, Message, SipAccountInfo} from "./types.d.ts" */

/** Readiness is told within this time (guide 5.13), also where the gateway does not reply. */
const STATUS_LIMIT_MS = 2000;

/** One phone with the guide's names. Results come by the callbacks and as events. */
export class Phone extends PagePhone {
  /** @type {Link} */ #link;
  /** @type {Promise<boolean> | null} */ #ready = null;
  /** @type {Function | null | undefined} */ #onCall;
  /** @type {Function | null | undefined} */ #onSession;
  #userName = "";
  #line = "connecting";
  #registration = new Registration({
    request: (type) => this.#link.request(type),
    isAttached: () => this.#link.isAttached,
    tell: (state, phone, reason) => this.emit("registration", { state, phone, reason }),
    userName: () => this.#userName,
  });
  media = new MediaDesk({
    send: (message) => this.#link.send(message),
    iceServers: () => this.#link.iceServers,
    onStats: (media, stats) => this.emit("quality", { call: this.#calls.carriedBy(media), stats }),
    onConnected: () => this.#calls.sound(),
  });
  #calls = new CallBook(
    {
      request: (type, fields) => this.#link.request(type, fields),
      media: this.media,
      quiet: (call) => this.#calls.quiet(call),
      complain: (what, error, call) => this.#complain(what, error, call),
      dtmfTone: (digit) => tones.dtmf(digit),
      tab: () => this.#link.tab,
    },
    {
      tell: (call, event) => log.call("CallListenerCallback", this.#onCall, call, event, this.#userName),
      emit: (detail) => this.emit("call", detail),
    },
  );
  /** @param {{gateway?: string}} [options] */
  constructor({ gateway } = {}) {
    super();
    this.diagnostics = new Diagnostics({
      address: () => this.#link.address,
      isConnected: () => this.#link.isAttached && this.#line === "connected",
      isRegistered: () => this.#registration.state === "registered",
      userName: () => this.#userName,
      iceServers: () => this.#link.iceServers,
    });
    this.#link = new Link(gateway ?? socketAddress(moduleAddress), {
      media: () => this.media.ids,
      onMessage: (message) => this.#receive(message),
      onState: (state, error) => this.#change(state, error),
    });
  }

  /**
   * @param {SipAccountInfo | null | undefined} sipAccountInfo
   * @param {Function | null} [RegisterEventCallBack]
   * @param {Function | null} [CallListenerCallback]
   * @param {Function | null} [SessionCallback]
   */
  initWebrtc(sipAccountInfo, RegisterEventCallBack, CallListenerCallback, SessionCallback, enableAutoAudioDeviceChangeHandling = false) {
    return (this.#ready = this.#initialize(sipAccountInfo, [RegisterEventCallBack, CallListenerCallback, SessionCallback],
      enableAutoAudioDeviceChangeHandling));
  }

  /**
   * @param {SipAccountInfo | null | undefined} info
   * @param {(Function | null | undefined)[]} callbacks
   * @param {boolean} isFollowing
   */
  async #initialize(info, callbacks, isFollowing) {
    try {
      const account = readAccount(info);
      if (callbacks.some((callback) => callback != null && typeof callback !== "function"))
        throw failure("config", "A callback is no function.", "Look at section 5.1 of the integration guide.");
      [, this.#onCall, this.#onSession] = callbacks;
      this.#userName = account?.user_name ?? this.#userName;
      this.#registration.begin(callbacks[0]);
      if (isFollowing) void this.devices.start();
      this.devices.isFollowing = isFollowing;
      this.media.closeAll();
      this.#calls.clear();
      await this.#link.attach(account);
      return true;
    } catch (error) {
      const reason = this.#complain("initWebrtc()", error);
      if (reason.code !== "config") this.#registration.tell("terminated", reason, true);
      return false;
    }
  }

  DoRegister() {
    return this.#isReady("DoRegister") && this.#registration.register(/** @type {Promise<boolean>} */ (this.#ready));
  }

  UnRegister() {
    return this.#isReady("UnRegister") && this.#registration.unregister(/** @type {Promise<boolean>} */ (this.#ready));
  }

  unregister() {
    return this.UnRegister();
  }

  getCall() {
    return this.#calls.current;
  }

  get calls() {
    return this.#calls.all;
  }

  /** The tabs of a phone are known to the gateway; nothing is left to be done here (guide 5.10). */
  SessionListener() {}

  /**
   * @param {string} target
   * @param {Record<string, string>} headers
   */
  async dial(target, headers = {}) {
    if (!this.#isReady("dial")) throw failure("state.invalid", "The phone is not initialized.", "Call initWebrtc first.");
    const { call } = await this.media.withMicrophone(() => null, () => this.#link.request("dial", { target, headers }));
    return this.#calls.dialed(call, target);
  }

  /** Gives up the phone in this tab; calls go on for others. */
  async close() {
    this.#ready = null;
    this.#registration.begin(null);
    this.diagnostics.close();
    await this.#link.close();
    this.media.closeAll();
    this.#calls.clear();
  }

  /** Saves one file with the lines of this tab and, if it can be reached, of its phone at the gateway. */
  downloadLogs() {
    void log.download(this.#link.isAttached ? (after) => this.#link.request("logs", { after }) : null);
  }

  /** @param {Function} callback */
  checkClientStatus(callback) {
    const late = new Promise((resolve) => setTimeout(resolve, STATUS_LIMIT_MS, "unknown"));
    void Promise.race([this.#status().catch(() => "unknown"), late])
      .then((status) => log.call("checkClientStatus", callback, status));
  }

  async #status() {
    if (!(await canUseMicrophone())) return "media_permission_denied";
    if (!this.#ready) return "not_initialized";
    const { state } = this.#link;
    if (state === "refused") return "websocket_connection_failed";
    if (!this.#link.isAttached) return state === "connected" ? "connecting" : state;
    return (await this.#link.request("status")).state;
  }

  /** @param {Message} message */
  #receive(message) {
    switch (message.type) {
      case "attached":
        this.#userName ||= message.account.user_name;
        this.#registration.attach(message.registration);
        this.#calls.attach(message);
        this.emit("tabs", { tabs: message.tabs });
        return this.#setLine(message.connection);
      case "registration":
        return this.#registration.receive(message);
      case "connection":
        return this.#setLine(message.state);
      case "call":
        return this.#calls.receive(message);
      case "session":
        return log.call("SessionCallback", this.#onSession, message.state, this.#userName);
      case "tabs":
        this.#calls.activate(message.tabs.some((tab) => tab.is_self && tab.is_active));
        return this.emit("tabs", { tabs: message.tabs });
      case "media_request":
        return this.media.receive(message);
    }
  }

  /**
   * @param {LinkState} state
   * @param {ErrorFacts} [reason]
   */
  #change(state, reason) {
    if (state !== "connected") this.#setLine(state, reason);
    if (state === "disconnected") this.#registration.lose(reason);
  }

  /**
   * @param {string} state
   * @param {ErrorFacts} [reason]
   */
  #setLine(state, reason) {
    this.#line = state;
    this.emit("connection", { state, reason });
  }

  /**
   * @param {string} what
   * @param {unknown} error
   * @param {Call} [call]
   */
  #complain(what, error, call) {
    const reason = facts(error);
    log.write("error", `${what}: ${reason.message} ${reason.hint}`);
    this.emit("error", { ...reason, call });
    return reason;
  }

  /** @param {string} name */
  #isReady(name) {
    if (!this.#ready) log.write("error", `${name}(): call initWebrtc first`);
    return !!this.#ready;
  }
}
