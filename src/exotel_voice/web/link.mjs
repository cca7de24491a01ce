// @ts-check
import { Failure, failure } from "./failure.mjs";
import { replaceTabName, takeTabName } from "./tab.mjs";
import { Wire } from "./wire.mjs";
/** @import {AccountFacts, Attached, ErrorFacts, LinkListener, LinkState, Message, Welcome} from "./types.d.ts" */

/** Another connection came with this tab's name. */
const NAME_TAKEN = 4409;
const RESUME_LIMIT_MS = 30_000;
/** Requests that may be sent again when nobody knows whether the first one arrived. */
const REPEATABLE = ["register", "unregister", "hang_up", "hold", "resume", "mute", "unmute", "status"];

/** A tab's place at the gateway: its name, the account it attached, and attaching again by itself. */
export class Link {
  /** @type {Wire} */ #wire;
  /** @type {AccountFacts | null | undefined} */ #account;
  /** @type {PromiseWithResolvers<Attached>} */ #attached = deferred();
  /** @type {Welcome | null} */ #welcome = null;
  /** @type {LinkState} */ state = "disconnected";
  tab = takeTabName();

  /**
   * @param {string} address
   * @param {LinkListener} listener
   */
  constructor(address, listener) {
    this.address = address;
    this.listener = listener;
    this.#wire = new Wire(address, {
      hello: () => ({ tab: this.tab, page: globalThis.location?.pathname ?? "", media: listener.media() }),
      onMessage: (message) => this.#receive(message),
      onState: (state, error, code) => this.#change(state, error, code),
    });
  }

  get isAttached() {
    return this.state === "connected" && !!this.#welcome && this.#isAttached;
  }
  #isAttached = false;

  get iceServers() {
    return this.#welcome?.ice_servers ?? [];
  }

  /**
   * Takes this client's place; the promise fails with a `Failure` if the gateway refuses.
   * @param {AccountFacts | null} account
   */
  attach(account) {
    const wasAttached = this.#isAttached;
    this.#account = account;
    this.#renew();
    const result = this.#attached.promise;
    if (this.#welcome) {
      if (wasAttached) this.#wire.request("detach", {}).catch(() => {});
      void this.#attach(this.#welcome);
    } else this.#wire.open();
    return result;
  }

  /**
   * Sends a request as soon as the tab is attached, and again if the connection was lost meanwhile.
   * @param {string} type
   * @param {object} fields
   * @returns {Promise<any>}
   */
  async request(type, fields = {}) {
    const end = Date.now() + RESUME_LIMIT_MS;
    for (;;) {
      if (!this.#isAttached) await within(this.#attached.promise, end - Date.now(), type);
      try {
        return await this.#wire.request(type, fields);
      } catch (error) {
        const isLost = error instanceof Failure && error.code === "transport.connection_lost";
        if (!isLost || !REPEATABLE.includes(type) || Date.now() > end) throw error;
      }
    }
  }

  /** @param {object} message */
  send(message) {
    this.#wire.send(message);
  }

  /** Gives up this client's place. */
  async close() {
    this.#account = undefined;
    if (this.#isAttached) await this.#wire.request("detach", {}).catch(() => {});
    this.#wire.close();
    this.#renew();
    this.#attached.reject(failure("state.invalid", "The phone of this page is closed.", "Call initWebrtc."));
    this.#change("disconnected");
  }

  /** @param {Message} message */
  #receive(message) {
    if (message.type === "welcome") {
      this.#welcome = message;
      if (this.#account !== undefined) void this.#attach(message);
      return;
    }
    if (message.type === "attached") {
      this.#isAttached = true;
      this.listener.onMessage(message);
      return this.#attached.resolve(message);
    }
    this.listener.onMessage(message);
  }

  /** @param {Welcome} welcome */
  async #attach(welcome) {
    const attempt = this.#attached;
    try {
      if (this.#account?.secret && !welcome.allow_page_credentials) throw secretNotWanted();
      await this.#wire.request("attach", { account: this.#account });
    } catch (error) {
      if (error instanceof Failure && error.code === "transport.connection_lost") return; // comes again
      this.#account = undefined;
      attempt.reject(error);
    }
  }

  /**
   * @param {LinkState} state
   * @param {ErrorFacts} [error]
   * @param {number} [code]
   */
  #change(state, error, code) {
    this.state = state;
    if (state !== "connected") {
      this.#welcome = null;
      if (this.#isAttached) this.#renew();
    }
    if (code === NAME_TAKEN) this.tab = replaceTabName();
    if (state === "refused" && error) this.#attached.reject(new Failure(error));
    this.listener.onState(state, error);
  }

  #renew() {
    const before = this.#attached;
    this.#isAttached = false;
    this.#attached = deferred();
    before.resolve(/** @type {any} */ (this.#attached.promise)); // whoever still waits, waits on
  }
}

/** @returns {PromiseWithResolvers<Attached>} */
function deferred() {
  let resolve, reject;
  const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
  promise.catch(() => {}); // whoever waits hears of it
  return /** @type {any} */ ({ promise, resolve, reject });
}

/**
 * @param {Promise<unknown>} promise
 * @param {number} limit milliseconds
 * @param {string} what
 */
function within(promise, limit, what) {
  return new Promise((resolve, reject) => {
    const late = () => reject(failure("deadline", `${what}: there is no connection to the gateway.`, "Look at the network."));
    const timer = setTimeout(late, limit);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function secretNotWanted() {
  return failure(
    "gateway.page_credentials",
    "The page passed a SIP secret, and this gateway takes none from pages.",
    "Leave `secret` out: the gateway knows the account. For a demonstration, allow_page_credentials=True.",
  );
}
