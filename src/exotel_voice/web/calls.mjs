// @ts-check
import { makeCall } from "./call.mjs";
import { tones } from "./tones.mjs";
/** @import {Attached, CallFacts, CallMessage, Core, OwnCall} from "./types.d.ts" */

/** The events of the guide (5.4), and the fact that each tells; the page hears a fact once. @type {Record<string, string>} */
const FACTS = { incoming: "incoming", connected: "connected", activeSession: "activeSession", callEnded: "ended", terminated: "ended" };

/** The calls of a phone, as this tab sees them: what the page is told of each, and what sounds. @param {Core} core */
export function makeCallBook(core) {
  /** Each call, with the facts that the page was told. @type {Map<string, {call: OwnCall, told: Set<string>, isQuiet: boolean}>} */
  const book = new Map();
  /** @typedef {NonNullable<ReturnType<typeof book.get>>} Entry */
  /** @type {Entry | undefined} */ let lastEnded;
  let isActive = false;

  /** @param {CallFacts} facts @returns {Entry} */
  const enter = (facts) => {
    const known = book.get(facts.id);
    known?.call.update(facts);
    const entry = known ?? { call: makeCall(facts, core), told: new Set(), isQuiet: false };
    book.set(facts.id, entry);
    return entry;
  };

  /** @param {Entry} entry */
  const leave = (entry) => {
    book.delete(entry.call.callId);
    lastEnded = entry;
    core.media.close(entry.call.facts.media);
  };

  /**
   * @param {Entry} entry
   * @param {string} event
   */
  const tell = ({ call, told }, event) => {
    const fact = FACTS[event];
    if (!fact || told.has(fact)) return;
    told.add(fact);
    core.tell(call, event);
  };

  /** A call that goes on, in a tab that was attached. @param {Entry} entry */
  const resume = (entry) => {
    const { call, told } = entry;
    const { state, media_tab, last_media_tab } = call.facts;
    if (state === "incoming" && isActive) return tell(entry, state);
    if (!call.talks()) return;
    if (told.size) tell(entry, "connected");
    if (media_tab || call.isAnswering) return;
    tell(entry, "activeSession");
    if (last_media_tab === core.link.tab) call.Answer(); // the page was loaded again
  };

  /** Lets sound what the calls ask for. */
  const sound = () => {
    const all = [...book.values()];
    /** @param {string} state @param {string} fact */
    const find = (state, fact) => all.find(({ call, told, isQuiet }) => !isQuiet && call.callState === state && told.has(fact));
    const dialed = find("ringing", "dialed");
    const isTalking = all.some(({ call }) => call.isHere && call.talks());
    const isCalling = dialed && !core.media.find(dialed.call.facts.media)?.isConnected;
    tones.want(core, find("incoming", "incoming") ? (isTalking ? "beeptone" : "ringtone") : isCalling ? "ringbacktone" : null);
  };

  return {
    sound,

    get all() {
      return [...book.values()].map(({ call }) => call);
    },

    /** @param {CallMessage} message */
    receive({ event, call: facts, ...rest }) {
      const entry = enter(facts);
      const { call, told } = entry;
      if (event === "media" && !call.isHere) told.delete("activeSession");
      if (isActive || call.isHere || call.isAnswering || told.size) tell(entry, event);
      core.emit("call", { event, call, ...rest });
      if (facts.state === "ended") leave(entry);
      sound();
    },

    /** Takes over the whole state, after the tab was attached. @param {Attached} state */
    attach({ calls, is_active }) {
      isActive = is_active;
      for (const entry of book.values()) {
        const { call, told } = entry;
        if (calls.some(({ id }) => id === call.callId)) continue;
        const { facts } = call;
        call.update({ ...facts, state: "ended", details: { ...facts.details, callEndedTime: Date.now() } });
        if (told.size) tell(entry, "terminated");
        core.emit("call", { event: "terminated", call });
        leave(entry);
      }
      for (const facts of calls) resume(enter(facts));
      sound();
    },

    /** This tab is the active one from now on, or no longer. @param {boolean} isNow */
    activate(isNow) {
      isActive = isNow;
      for (const entry of isNow ? book.values() : []) if (entry.call.callState === "incoming") tell(entry, "incoming");
      sound();
    },

    /** A call that this tab began; the gateway has told of it before, and maybe of its end too. @param {string} id */
    dialed(id) {
      const entry = /** @type {Entry} */ (book.get(id) ?? lastEnded);
      entry.told.add("dialed");
      sound();
      return entry.call;
    },

    /** @param {string} id */
    quiet(id) {
      const entry = book.get(id);
      if (entry) entry.isQuiet = true;
      sound();
    },

    clear() {
      book.clear();
      sound();
    },
  };
}
