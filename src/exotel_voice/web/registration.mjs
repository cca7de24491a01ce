// @ts-check
import { facts } from "./failure.mjs";
import { log } from "./log.mjs";
/** @import {Attached, ErrorFacts, RegistrationMessage} from "./types.d.ts" */

const ON_THE_WAY = ["registered", "sent_request"];
const LONGEST_WAIT_MS = 30_000;

/** The registration as the page is told of it: each state once, in the order of their causes. */
export class Registration {
  /** @type {Function | null | undefined} */ #callback;
  #told = "";
  #isWanted = false;
  #refusals = 0;
  /** The request whose result has not come. */
  #asked = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  state = "";

  /** @param {{request: (type: string) => Promise<unknown>, isAttached: () => boolean, userName: () => string,
   *   tell: (state: string, phone: string, reason?: ErrorFacts) => void}} phone */
  constructor(phone) {
    this.phone = phone;
  }

  /** @param {Function | null | undefined} callback */
  begin(callback) {
    clearTimeout(this.#timer);
    this.#callback = callback;
    this.#told = "";
    this.#isWanted = false;
    this.#refusals = 0;
  }

  /** @param {Promise<boolean>} ready */
  register(ready) {
    this.#isWanted = true;
    void ready.then((isReady) => isReady && this.phone.isAttached() && this.#send());
    return true;
  }

  /** @param {Promise<boolean>} ready */
  unregister(ready) {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    void ready.then((isReady) => isReady && this.#ask("unregister"));
    return true;
  }

  /** @param {Attached["registration"]} registration */
  attach({ state }) {
    this.state = state;
    if (state === "registered") this.tell(state);
    else if (this.#told === "registered") this.tell("unregistered");
    if (this.#isWanted && !ON_THE_WAY.includes(state)) this.#send();
  }

  /** @param {RegistrationMessage} message */
  receive({ state, status, reason, hint }) {
    this.state = state;
    if (!ON_THE_WAY.includes(state)) this.#asked = ""; // the page may ask again at once
    if (state === "registered") this.#refusals = 0;
    if (state === "terminated") this.#refusals += 1;
    const message = [status, reason].filter(Boolean).join(" ");
    this.tell(state, message ? { code: "registration.failed", message, hint: hint ?? "" } : undefined);
  }

  /** The gateway is out of reach. @param {ErrorFacts} [reason] */
  lose(reason) {
    this.state = "";
    if (this.#isWanted || ON_THE_WAY.includes(this.#told)) this.tell("unregistered", reason);
  }

  /**
   * @param {string} state
   * @param {ErrorFacts} [reason]
   * @param {boolean} isLogged whether the log has the reason already
   */
  tell(state, reason, isLogged = false) {
    if (state === this.#told) return;
    this.#told = state;
    if (reason && !isLogged) log.write("warn", `registration: ${state}: ${reason.message} ${reason.hint}`);
    const name = this.phone.userName();
    log.call("RegisterEventCallBack", this.#callback, state, name, reason);
    this.phone.tell(state, name, reason);
  }

  /** A page may answer each refusal with another try, as the guide's does: then they come ever slower. */
  #send() {
    clearTimeout(this.#timer);
    if (ON_THE_WAY.includes(this.state)) return this.state === "registered" ? this.tell("registered") : undefined;
    if (this.#refusals < 2) return this.#ask("register");
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** (this.#refusals - 2));
    this.#timer = setTimeout(() => this.#ask("register"), wait);
  }

  /** @param {string} type */
  #ask(type) {
    if (this.#asked === type) return;
    this.#asked = type;
    if (type === "register" && !ON_THE_WAY.includes(this.#told)) this.#told = "";
    this.phone.request(type).catch((error) => this.tell("terminated", facts(error))).finally(() => {
      if (this.#asked === type) this.#asked = "";
    });
  }
}
