// @ts-check
import { readAccount, wrong } from "./account.mjs";
import { gatewayAddress } from "./address.mjs";
import { makeCallBook } from "./calls.mjs";
import { factsOf, failure } from "./failure.mjs";
import { makeLink } from "./link.mjs";
import { log } from "./log.mjs";
import { makeMediaDesk } from "./media_desk.mjs";
import { canUseMicrophone } from "./microphone.mjs";
import { pageMethods } from "./page_phone.mjs";
import { makeRegistration } from "./registration.mjs";
import { sound } from "./sound.mjs";
import { tones } from "./tones.mjs";
import { within } from "./within.mjs";
/** @import {Core, ErrorFacts, Message, SipAccountInfo} from "./types.d.ts" */

/** Readiness is told within this time (guide 5.13), also where the gateway does not reply. */
const STATUS_LIMIT_MS = 2000;
const ATTACH_LIMIT_MS = 10_000;

/**
 * The methods of one phone, with the guide's names. Results come by the callbacks and as events.
 * @param {EventTarget} owner where the events happen
 * @param {string} [gateway] the address of its WebSocket
 */
export function makePhone(owner, gateway = gatewayAddress) {
  /** @type {Promise<boolean> | null} */ let ready = null;
  /** @type {Function | null | undefined} */ let onCall;
  /** @type {Function | null | undefined} */ let onSession;

  const core = /** @type {Core} */ (/** @type {Partial<Core>} */ ({
    userName: "",
    line: "connecting",
    emit: (type, detail) => owner.dispatchEvent(new CustomEvent(type, { detail })),
    complain(what, error, call) {
      const reason = factsOf(error);
      log.write("error", `${what}: ${reason.message} ${reason.hint}`);
      core.emit("error", { ...reason, call });
      return reason;
    },
    tell: (call, event) => log.call("CallListenerCallback", onCall, call, event, core.userName),
    dtmfTone: (digit) => tones.dtmf(digit),
  }));

  /** @param {Message} message */
  const receive = (message) => {
    switch (message.type) {
      case "attached":
        core.userName ||= message.account.user_name;
        registration.attach(message.registration.state);
        calls.attach(message);
        core.emit("tabs", { tabs: message.tabs });
        return setLine(message.connection);
      case "registration":
        return registration.receive(message);
      case "connection":
        return setLine(message.state);
      case "call":
        return calls.receive(message);
      case "session":
        return log.call("SessionCallback", onSession, message.state, core.userName);
      case "tabs":
        calls.activate(message.tabs.some((tab) => tab.is_self && tab.is_active));
        return core.emit("tabs", { tabs: message.tabs });
      case "media_request":
        return media.receive(message);
    }
  };

  /**
   * @param {string} state
   * @param {ErrorFacts} [reason]
   */
  const setLine = (state, reason) => {
    core.line = state;
    core.emit("connection", { state, reason });
  };

  const media = (core.media = makeMediaDesk(core));
  const calls = (core.calls = makeCallBook(core));
  const registration = (core.registration = makeRegistration(core));
  const link = (core.link = makeLink(gateway, {
    media: () => media.ids,
    onMessage: receive,
    onState(state, error) {
      if (state !== "connected") setLine(state, error);
      if (state === "disconnected") registration.lose(error);
    },
  }));
  log.listeners.add((type, message, args) => core.emit("log", { type, message, args }));
  sound.listeners.add((isBlocked) => core.emit("autoplay", { isBlocked }));
  const page = pageMethods(core);

  /** @param {string} name */
  const isReady = (name) => {
    if (!ready) log.write("error", `${name}(): call initWebrtc first`);
    return ready;
  };

  const release = () => {
    media.closeAll();
    calls.clear();
  };

  /**
   * @param {SipAccountInfo | null | undefined} info
   * @param {(Function | null | undefined)[]} callbacks
   */
  const initialize = async (info, ...callbacks) => {
    try {
      const account = readAccount(info);
      if (callbacks.some((callback) => callback && typeof callback !== "function"))
        throw wrong("A callback is no function.");
      [, onCall, onSession] = callbacks;
      core.userName = account?.user_name ?? core.userName;
      registration.begin(callbacks[0]);
      release();
      if (await within(ATTACH_LIMIT_MS, link.attach(account))) return true;
      throw failure("deadline", "The gateway cannot be reached.", "It is tried on; look at the network and the server.");
    } catch (error) {
      const reason = core.complain("initWebrtc()", error);
      if (!["config", "deadline"].includes(reason.code)) registration.tell("terminated", reason, true);
      return false;
    }
  };

  /** @returns {Promise<string>} */
  const status = async () => {
    if (!(await canUseMicrophone())) return "media_permission_denied";
    if (!ready) return "not_initialized";
    if (link.isAttached) return (await link.request("status")).state;
    return link.state === "refused" ? "websocket_connection_failed" : link.state === "connected" ? "connecting" : link.state;
  };

  /**
   * @param {string} name
   * @param {boolean} wish
   */
  const want = (name, wish) => {
    const promise = isReady(name);
    if (promise) registration.want(promise, wish);
    return !!promise;
  };

  return {
    ...page,

    /**
     * @param {SipAccountInfo | null} [info]
     * @param {Function | null} [onRegister]
     * @param {Function | null} [onCallEvent]
     * @param {Function | null} [onSessionEvent]
     */
    initWebrtc(info, onRegister, onCallEvent, onSessionEvent, isFollowing = false) {
      core.isFollowing = isFollowing;
      if (isFollowing) page.registerAudioDeviceChangeCallback();
      return (ready = initialize(info, onRegister, onCallEvent, onSessionEvent));
    },
    DoRegister: () => want("DoRegister", true),
    UnRegister: () => want("UnRegister", false),
    unregister: () => want("unregister", false),
    getCall: () => calls.all.at(-1) ?? null,
    get calls() {
      return calls.all;
    },

    /** The tabs of a phone are known to the gateway; nothing is left to be done here (guide 5.10). */
    SessionListener() {},

    /** @param {Function} callback */
    checkClientStatus(callback) {
      within(STATUS_LIMIT_MS, status(), "unknown").catch(() => "unknown").then((told) => log.call("checkClientStatus", callback, told));
    },

    /**
     * @param {string} target a SIP address, user name or number
     * @param {Record<string, string>} headers
     */
    async dial(target, headers = {}) {
      if (!isReady("dial")) throw failure("state.invalid", "The phone is not initialized.", "Call initWebrtc first.");
      const { call } = await media.withMicrophone(() => null, () => link.request("dial", { target, headers }));
      return calls.dialed(call);
    },

    /** Saves one file with the lines of this tab and, if it can be reached, of its phone at the gateway. */
    downloadLogs() {
      log.download(link.isAttached ? (after) => link.request("logs", { after }) : null);
    },

    /** Gives up the phone in this tab; calls go on for others. */
    async close() {
      ready = null;
      registration.begin();
      page.closeDiagnostics();
      await link.close();
      release();
    },
  };
}
