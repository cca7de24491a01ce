// @ts-check
import { Call } from "./call.mjs";
import { tones } from "./tones.mjs";
/** @import {Attached, CallFacts, CallHands, CallMessage} from "./types.d.ts" */

const LIVING = ["active", "held", "reconnecting"];
const ENDED = ["callEnded", "terminated"];

/** The calls of a phone, as this tab sees them: what the page is told of each, once, and what sounds. */
export class CallBook {
  /** @type {Map<string, Call>} */ #calls = new Map();
  /** @type {Set<string>} */ #quiet = new Set();
  /** @type {Call | null} */ #lastEnded = null;
  isActive = false;

  /**
   * @param {CallHands} hands
   * @param {{tell: (call: Call, event: string) => void, emit: (detail: object) => void}} owner
   */
  constructor(hands, owner) {
    this.hands = hands;
    this.owner = owner;
  }

  get all() {
    return [...this.#calls.values()];
  }

  /** The newest. */
  get current() {
    return this.all.at(-1) ?? null;
  }

  /** @param {string} media */
  carriedBy(media) {
    return this.all.find(({ mediaId }) => mediaId === media);
  }

  /** @param {CallMessage} message */
  receive({ event, call: facts, ...rest }) {
    const call = this.#enter(facts);
    if (event === "media" && !call.isHere) call.told.delete("activeSession");
    if (this.isActive || call.isHere || call.isAnswering || call.told.size) this.#tell(call, event);
    this.owner.emit({ event, call, ...rest });
    if (call.callState === "ended") this.#leave(call);
    this.sound();
  }

  /** Takes over the whole state, after the tab was attached. @param {Attached} state */
  attach({ calls, is_active }) {
    this.isActive = is_active;
    const ids = calls.map(({ id }) => id);
    for (const call of this.all.filter(({ callId }) => !ids.includes(callId))) {
      Object.assign(call, { callState: "ended", callEndedTime: new Date() });
      if (call.told.size) this.#tell(call, "terminated");
      this.owner.emit({ event: "terminated", call });
      this.#leave(call);
    }
    for (const facts of calls) this.#resume(this.#enter(facts));
    this.sound();
  }

  /** This tab is the active one from now on, or no longer. @param {boolean} isActive */
  activate(isActive) {
    this.isActive = isActive;
    for (const call of isActive ? this.all : []) if (call.callState === "incoming") this.#tell(call, "incoming");
    this.sound();
  }

  /**
   * A call that this tab began.
   * @param {string} id
   * @param {string} target
   */
  dialed(id, target) {
    const known = this.#calls.get(id) ?? this.#lastEnded;
    const call = known?.callId === id ? known : this.#enter({ id, state: "dialing", direction: "outgoing", remote_id: target, started_at: Date.now() });
    call.told.add("dialed");
    this.sound();
    return call;
  }

  /** @param {Call} call */
  quiet(call) {
    this.#quiet.add(call.callId);
    this.sound();
  }

  /** Lets sound what the calls ask for. */
  sound() {
    const all = this.all.filter(({ callId }) => !this.#quiet.has(callId));
    const isRinging = all.some((call) => call.callState === "incoming" && call.told.has("incoming"));
    const isTalking = this.all.some((call) => call.isHere && LIVING.includes(call.callState));
    const isCalling = all.some((call) =>
      call.callState === "ringing" && call.told.has("dialed") && !this.hands.media.find(call.mediaId)?.isConnected);
    tones.want(this, isRinging ? (isTalking ? "beeptone" : "ringtone") : isCalling ? "ringbacktone" : null);
  }

  clear() {
    this.#calls.clear();
    this.sound();
  }

  /** @param {CallFacts} facts */
  #enter(facts) {
    let call = this.#calls.get(facts.id);
    if (call) call.update(facts);
    else this.#calls.set(facts.id, (call = new Call(facts, this.hands)));
    return call;
  }

  /** @param {Call} call */
  #leave(call) {
    this.#calls.delete(call.callId);
    this.#lastEnded = call;
    this.#quiet.delete(call.callId);
    this.hands.media.close(call.mediaId);
  }

  /** @param {Call} call */
  #resume(call) {
    if (call.callState === "incoming" && this.isActive) return this.#tell(call, "incoming");
    if (!LIVING.includes(call.callState)) return;
    if (call.told.size) this.#tell(call, "connected");
    if (call.hasTab || call.isAnswering) return;
    this.#tell(call, "activeSession");
    if (call.wasMine) call.Answer(); // the page was loaded again
  }

  /**
   * @param {Call} call
   * @param {string} event
   */
  #tell(call, event) {
    if (!["incoming", "connected", "activeSession", ...ENDED].includes(event)) return;
    const fact = ENDED.includes(event) ? "ended" : event;
    if (call.told.has(fact)) return;
    call.told.add(fact);
    this.owner.tell(call, event);
  }
}
