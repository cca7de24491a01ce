// @ts-check
import { Failure, failure } from "./failure.mjs";
import { log } from "./log.mjs";
/** @import {ErrorFacts, LinkState, Message} from "./types.d.ts" */

const SUBPROTOCOL = "exotel-voice.v1";
const OPEN_LIMIT_MS = 10_000;
const REQUEST_LIMIT_MS = 40_000;
const PING_EVERY_MS = 20_000;
const PONG_LIMIT_MS = 10_000;
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 10_000;
/** Not authenticated, forbidden: trying again would change nothing. */
const FINAL_CODES = [4401, 4403];

/**
 * How long to wait before the next try: doubles from a quarter of a second to ten, less up to half.
 * @param {number} attempt counted from 0
 * @param {number} chance from 0 to 1
 */
export function retryDelay(attempt, chance) {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (1 - chance / 2);
}

/** The WebSocket to the gateway: requests with their results, and reconnection. */
export class Wire {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Failure) => void}>} */
  #waiting = new Map();
  #counter = 0;
  #attempt = 0;
  #isWanted = false;
  #isWelcome = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #alarm;
  /** @type {ErrorFacts | undefined} */ #lastError;

  /**
   * @param {string} address
   * @param {{hello: () => object, onMessage: (message: Message) => void,
   *   onState: (state: LinkState, error?: ErrorFacts, code?: number) => void}} owner
   */
  constructor(address, owner) {
    this.address = address;
    this.owner = owner;
    globalThis.addEventListener?.("online", () => this.#isWanted && !this.#socket && this.#connect());
  }

  /** Connects, and stays connected until `close`. */
  open() {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#connect();
  }

  close() {
    this.#isWanted = false;
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#lose(failure("transport.connection_lost", "The phone of this page was closed.", "Call initWebrtc again."));
    socket?.close(1000);
  }

  /** @param {object} message */
  send(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /**
   * Sends a request; resolves with its value, or rejects with the gateway's `Failure`.
   * @param {string} type
   * @param {object} fields
   * @returns {Promise<any>}
   */
  request(type, fields) {
    return new Promise((resolve, reject) => {
      if (!this.#isWelcome) return reject(connectionLost());
      const request = ++this.#counter;
      const timer = setTimeout(() => {
        if (this.#waiting.delete(request))
          reject(failure("deadline", `The gateway did not answer ${type}.`, "Look at the gateway's log."));
      }, REQUEST_LIMIT_MS);
      /** @type {<T>(then: (value: T) => void) => (value: T) => void} */
      const once = (then) => (value) => {
        clearTimeout(timer);
        then(value);
      };
      this.#waiting.set(request, { resolve: once(resolve), reject: once(reject) });
      this.send({ ...fields, type, request });
    });
  }

  #connect() {
    clearTimeout(this.#retry);
    this.owner.onState("connecting");
    this.#lastError = undefined;
    const socket = (this.#socket = new WebSocket(this.address, SUBPROTOCOL));
    this.#watch(OPEN_LIMIT_MS);
    socket.onopen = () => this.send({ type: "hello", version: 1, ...this.owner.hello() });
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** @param {string} text */
  #receive(text) {
    /** @type {Message} */
    const message = JSON.parse(text);
    if (this.#isWelcome) this.#watch(PING_EVERY_MS);
    if (message.type === "result") {
      const waiting = this.#waiting.get(message.request);
      this.#waiting.delete(message.request);
      if (message.ok) waiting?.resolve(message.value);
      else waiting?.reject(new Failure(/** @type {ErrorFacts} */ (message.error)));
    } else if (message.type === "error") {
      this.#lastError = { code: message.code, message: message.message, hint: message.hint };
      log.write("warn", `the gateway says: ${message.message} ${message.hint}`);
    } else if (message.type === "welcome") {
      this.#isWelcome = true;
      this.#attempt = 0;
      this.#watch(PING_EVERY_MS);
      this.owner.onMessage(message);
      this.owner.onState("connected");
    } else if (message.type !== "pong") this.owner.onMessage(message);
  }

  /**
   * Expects something from the gateway within this time: asks for it once, then gives it up.
   * @param {number} limit
   */
  #watch(limit) {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => {
      if (limit !== PING_EVERY_MS) {
        const socket = this.#socket;
        this.#closed(0);
        return socket?.close();
      }
      this.send({ type: "ping", at: Date.now() });
      this.#watch(PONG_LIMIT_MS);
    }, limit);
  }

  /** @param {number} code */
  #closed(code) {
    const error = this.#lastError;
    this.#lose(connectionLost());
    if (!this.#isWanted) return;
    if (FINAL_CODES.includes(code)) {
      this.#isWanted = false;
      const refusal = { code: "gateway.refused", message: `The gateway refuses this page (${code}).`, hint: "Sign in first." };
      return this.owner.onState("refused", error ?? refusal, code);
    }
    const delay = retryDelay(this.#attempt++, Math.random());
    this.#retry = setTimeout(() => this.#connect(), delay);
    this.owner.onState("disconnected", error, code);
  }

  /** @param {Failure} error */
  #lose(error) {
    clearTimeout(this.#alarm);
    if (this.#socket) this.#socket.onmessage = null;
    this.#socket = null;
    this.#isWelcome = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

function connectionLost() {
  return failure("transport.connection_lost", "The connection to the gateway is lost.", "It is made again by itself; try again then.");
}
