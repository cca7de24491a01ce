// @ts-check
import { factsOf } from "./failure.mjs";
import { log } from "./log.mjs";
/** @import {Core, ErrorFacts, RegistrationMessage} from "./types.d.ts" */

/** @param {string} state */
const isOnTheWay = (state) => state === "registered" || state === "sent_request";

/** The registration as the page is told of it: each state once, in the order of their causes. @param {Core} core */
export function makeRegistration(core) {
  /** @type {Function | null | undefined} */ let callback;
  /** @type {number} */ let timer;
  let told = "";
  /** The request whose result has not come. */
  let asked = "";
  let isWanted = false;
  let refusals = 0;

  /** A page may answer each refusal with another try, as the guide's does: then they come ever slower. */
  const register = () => {
    clearTimeout(timer);
    if (registration.state === "registered") tell("registered");
    if (isOnTheWay(registration.state)) return;
    if (refusals < 2) return ask("register");
    timer = setTimeout(ask, Math.min(30_000, 125 * 2 ** refusals), "register");
  };

  /** @param {string} type */
  const ask = (type) => {
    if (asked === type) return;
    asked = type;
    if (type === "register" && !isOnTheWay(told)) told = "";
    core.link.request(type).catch((error) => tell("terminated", factsOf(error))).finally(() => {
      if (asked === type) asked = "";
    });
  };

  /**
   * @param {string} state
   * @param {ErrorFacts} [reason]
   * @param {boolean} [isLogged] whether the log has the reason already
   */
  const tell = (state, reason, isLogged) => {
    if (state === told) return;
    told = state;
    if (reason && !isLogged) log.write("warn", `registration: ${state}: ${reason.message} ${reason.hint}`);
    const phone = core.userName;
    log.call("RegisterEventCallBack", callback, state, phone, reason);
    core.emit("registration", { state, phone, reason });
  };

  const registration = {
    state: "",
    tell,

    /** @param {Function | null} [tellPage] */
    begin(tellPage) {
      clearTimeout(timer);
      callback = tellPage;
      told = "";
      isWanted = false;
      refusals = 0;
    },

    /**
     * @param {Promise<boolean>} ready
     * @param {boolean} wish
     */
    want(ready, wish) {
      isWanted = wish;
      clearTimeout(timer);
      ready.then((isReady) => isReady && (wish ? core.link.isAttached && register() : ask("unregister")));
    },

    /** The tab was attached to its phone. @param {string} state */
    attach(state) {
      registration.state = state;
      if (state === "registered") tell(state);
      else if (told === "registered") tell("unregistered");
      if (isWanted) register();
    },

    /** @param {RegistrationMessage} message */
    receive({ state, status, reason, hint = "" }) {
      registration.state = state;
      if (!isOnTheWay(state)) asked = ""; // the page may ask again at once
      if (state === "registered") refusals = 0;
      if (state === "terminated") refusals += 1;
      const message = [status, reason].filter(Boolean).join(" ");
      tell(state, message ? { code: "registration.failed", message, hint } : undefined);
    },

    /** The gateway is out of reach. @param {ErrorFacts} [reason] */
    lose(reason) {
      registration.state = "";
      if (isWanted || isOnTheWay(told)) tell("unregistered", reason);
    },
  };
  return registration;
}
