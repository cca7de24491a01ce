// @ts-check
import { failure } from "./failure.mjs";
import { log } from "./log.mjs";
import { newTabName, takeTabName } from "./tab.mjs";
/** @import {AccountFacts, Attached, ErrorFacts, Failure, LinkListener, LinkState, Message, Waiting, Welcome} from "./types.d.ts" */

/** For the first word of a gateway, and for its reply to a ping. */
const SILENCE_LIMIT_MS = 10_000;
const REQUEST_LIMIT_MS = 40_000;
const PING_EVERY_MS = 20_000;
/** Not authenticated, forbidden: trying again would change nothing. */
const FINAL_CODES = [4401, 4403];
/** Another connection came with this tab's name. */
const NAME_TAKEN = 4409;
const LOST = "transport.connection_lost";
/** Requests that may be sent again when nobody knows whether the first one arrived. */
const REPEATABLE = ["register", "unregister", "hang_up", "hold", "resume", "mute", "unmute", "status"];

/**
 * How long to wait before the next try: doubles from a quarter of a second to ten, less up to half.
 * @param {number} attempt counted from 0
 * @param {number} chance from 0 to 1
 */
export function retryDelay(attempt, chance) {
  return Math.min(10_000, 250 * 2 ** attempt) * (1 - chance / 2);
}

/**
 * A tab's place at the gateway: a WebSocket that is made again when it is lost, requests with their
 * results, the tab's name, and the account that is attached again by itself.
 * @param {string} address
 * @param {LinkListener} listener
 */
export function makeLink(address, listener) {
  /** @type {WebSocket | null} */ let socket = null;
  /** @type {Welcome | null} */ let welcome = null;
  /** @type {AccountFacts | null | undefined} */ let account;
  /** @type {ErrorFacts | undefined} what the gateway said last */ let complaint;
  /** @type {Map<number, Waiting>} */ const waiting = new Map();
  /** @type {{resolve: (value: Attached) => void, reject: (error: Failure) => void}[]} */ let attaching = [];
  /** @type {string} */ let tab;
  /** @type {number} */ let retry;
  /** @type {number} */ let alarm;
  let isWanted = false;
  let attempt = 0;
  let counter = 0;

  /** @param {object} message */
  const send = (message) => {
    if (socket?.readyState === 1) socket.send(JSON.stringify(message));
  };

  /**
   * Sends a request as soon as the tab is attached, and again if the connection was lost meanwhile and
   * that does no harm; resolves with its value, or rejects with a `Failure`.
   * @param {string} type
   * @param {object} [fields]
   * @returns {Promise<any>}
   */
  const request = (type, fields) =>
    new Promise((resolve, reject) => {
      const number = ++counter;
      const late = failure("deadline", `${type}: the gateway did not answer.`, "Look at the network and the gateway's log.");
      const timer = setTimeout(settle, REQUEST_LIMIT_MS, number, late);
      waiting.set(number, { message: { ...fields, type, request: number }, isSent: false, resolve, reject, timer });
      if (link.isAttached || type === "attach") submit();
    });

  /** Sends what waits; before the tab is attached that is only the wish to be. */
  const submit = () => {
    for (const one of waiting.values()) {
      if (one.isSent || !(link.isAttached || one.message.type === "attach")) continue;
      one.isSent = true;
      send(one.message);
    }
  };

  /**
   * @param {number} number
   * @param {Failure | null} error
   * @param {unknown} [value]
   */
  const settle = (number, error, value) => {
    const one = waiting.get(number);
    waiting.delete(number);
    clearTimeout(one?.timer);
    if (error) one?.reject(error);
    else one?.resolve(value);
  };

  /** Nothing will come of being attached. @param {Failure} error */
  const refuse = (error) => {
    account = undefined;
    for (const { reject } of attaching.splice(0)) reject(error);
    for (const number of [...waiting.keys()]) settle(number, error);
  };

  const connect = () => {
    clearTimeout(retry);
    complaint = undefined;
    change("connecting");
    const mine = (socket = new WebSocket(address, "exotel-voice.v1"));
    watch(SILENCE_LIMIT_MS);
    mine.onopen = () => send({ type: "hello", version: 1, tab: link.tab, page: location.pathname, media: listener.media() });
    mine.onmessage = ({ data }) => mine === socket && receive(JSON.parse(data));
    mine.onclose = ({ code }) => mine === socket && lose(code);
  };

  /** @param {Message} message */
  const receive = (message) => {
    if (welcome) watch(PING_EVERY_MS);
    switch (message.type) {
      case "pong":
        return;
      case "result":
        return settle(message.request, message.error ? thrown(message.error) : null, message.value);
      case "error":
        complaint = message;
        return log.write("warn", `the gateway says: ${message.message} ${message.hint}`);
      case "welcome":
        welcome = message;
        link.iceServers = message.ice_servers;
        attempt = 0;
        watch(PING_EVERY_MS);
        change("connected");
        return account !== undefined && attach();
      case "attached":
        link.isAttached = true;
        listener.onMessage(message);
        for (const { resolve } of attaching.splice(0)) resolve(message);
        return submit();
    }
    listener.onMessage(message);
  };

  /**
   * Expects something from the gateway within this time: asks for it once, then gives it up.
   * @param {number} limit
   */
  const watch = (limit) => {
    clearTimeout(alarm);
    alarm = setTimeout(() => {
      if (limit !== PING_EVERY_MS) return lose(0);
      send({ type: "ping", at: Date.now() });
      watch(SILENCE_LIMIT_MS);
    }, limit);
  };

  /** The connection has ended. @param {number} code how, 0 for silence */
  const lose = (code) => {
    const old = socket;
    socket = null;
    clearTimeout(alarm);
    old?.close();
    const lost = failure(LOST, "The connection to the gateway is lost.", "It is made again by itself; try again then.");
    for (const [number, one] of waiting) {
      if (one.isSent && !REPEATABLE.includes(one.message.type)) settle(number, lost);
      one.isSent = false;
    }
    if (code === NAME_TAKEN) tab = newTabName();
    if (FINAL_CODES.includes(code)) {
      isWanted = false;
      complaint ??= { code: "gateway.refused", message: `The gateway refuses this page (${code}).`, hint: "Sign in first." };
      refuse(thrown(complaint));
      return change("refused");
    }
    if (isWanted) retry = setTimeout(connect, retryDelay(attempt++, Math.random()));
    change("disconnected");
  };

  /** @param {LinkState} now */
  const change = (now) => {
    link.state = now;
    if (now !== "connected") {
      welcome = null;
      link.isAttached = false;
    }
    listener.onState(now, complaint);
  };

  const attach = () => {
    if (account?.secret && !welcome?.allow_page_credentials)
      return refuse(failure("gateway.page_credentials", "The gateway takes no SIP secret from a page.",
        "Leave `secret` out: the gateway knows the account. For a demo: allow_page_credentials=True."));
    request("attach", { account }).catch((error) => error.code === LOST || refuse(error)); // what is lost comes again
  };

  addEventListener("online", () => isWanted && !socket && connect());

  const link = {
    address,
    send,
    request,
    isAttached: false,
    /** @type {LinkState} */ state: "disconnected",
    /** @type {RTCIceServer[]} */ iceServers: [],
    get tab() {
      return (tab ??= takeTabName());
    },
    /**
     * Takes this client's place; the promise fails with a `Failure` if the gateway refuses.
     * @param {AccountFacts | null} wanted
     * @returns {Promise<Attached>}
     */
    attach(wanted) {
      account = wanted;
      if (link.isAttached) request("detach").catch(() => {});
      link.isAttached = false;
      /** @type {Promise<Attached>} */
      const promise = new Promise((resolve, reject) => attaching.push({ resolve, reject }));
      if (welcome) attach();
      else if (!isWanted) {
        isWanted = true;
        connect();
      }
      return promise;
    },

    /** Gives up this client's place. */
    async close() {
      account = undefined;
      if (link.isAttached) await request("detach").catch(() => {});
      isWanted = false;
      clearTimeout(retry);
      refuse(failure("state.invalid", "The phone of this page is closed.", "Call initWebrtc."));
      lose(0);
    },
  };
  return link;
}

/** @param {ErrorFacts} error */
function thrown({ code, message, hint }) {
  return failure(code, message, hint);
}
