// @ts-check
import { factsOf, failure } from "./failure.mjs";
import { log } from "./log.mjs";
/** @import {CallFacts, CallMethods, Core, OwnCall, PlainDetails, Switch} from "./types.d.ts" */

/** What can be switched in a call, and the requests that switch it off and on. @type {Record<Switch, string[]>} */
const SWITCHES = { is_muted: ["unmute", "mute"], is_on_hold: ["resume", "hold"] };

/**
 * One call, with the guide's names (5.4 to 5.9). Its fields are those of now.
 * @param {CallFacts} facts
 * @param {Core} core
 * @returns {OwnCall}
 */
export function makeCall(facts, core) {
  /** What the page wished last, where that is not so yet. @type {Partial<Record<Switch, boolean>>} */
  let wishes = {};
  let isSettling = false;
  let isAnswering = false;
  let hasHungUp = false;

  const quiet = () => core.calls.quiet(facts.id);
  const talks = () => ["active", "held", "reconnecting"].includes(facts.state);
  const connection = () => core.media.find(facts.media);
  const isHere = () => facts.media_tab === core.link.tab && !!connection();
  /** @param {Switch} fact */
  const wished = (fact) => wishes[fact] ?? !!facts[fact];
  const duration = () => {
    const { details, duration = 0 } = facts;
    const { callAnswerTime, callEndedTime } = details;
    return callEndedTime || !callAnswerTime ? duration : Math.max(0, (Date.now() - callAnswerTime) / 1000);
  };

  /**
   * @param {string} type
   * @param {object} [fields]
   */
  const ask = async (type, fields) => {
    try {
      return await core.link.request(type, { call: facts.id, ...fields });
    } catch (error) {
      core.complain(type, error, call);
      throw error;
    }
  };

  /** @param {string} name */
  const canTalk = (name) => (talks() && !hasHungUp) || refuse(name, "nobody has answered the call, or it has ended");

  /** @param {boolean} isRinging */
  const answer = async (isRinging) => {
    try {
      await core.media.withMicrophone(() => facts.media, () => ask("answer"));
    } catch (error) {
      if (factsOf(error).code === "media.microphone_denied") {
        core.complain("Answer", error, call);
        if (isRinging) await ask("reject", { status: 480 }).catch(() => {});
      }
    }
    isAnswering = false;
  };

  /**
   * @param {string} name
   * @param {Switch} fact
   * @param {boolean} [wish] the opposite of what was wished last, where it is left out
   */
  const turn = (name, fact, wish = !wished(fact)) => {
    if (!canTalk(name)) return false;
    wishes[fact] = wish;
    if (fact === "is_muted") connection()?.setMuted(wish);
    if (!isSettling) settle();
    return true;
  };

  /** Asks for one change after the other until all is as the page wished last. */
  const settle = async () => {
    isSettling = true;
    const names = /** @type {Switch[]} */ (Object.keys(SWITCHES));
    try {
      for (let name; (name = names.find((each) => wished(each) !== !!facts[each])); ) {
        const wish = wished(name);
        await ask(SWITCHES[name][+wish]);
        facts = { ...facts, [name]: wish };
      }
    } catch {
      connection()?.setMuted(!!facts.is_muted);
    }
    wishes = {};
    isSettling = false;
  };

  /** @type {CallMethods} */
  const methods = {
    Answer() {
      const isRinging = facts.state === "incoming";
      if (hasHungUp || isAnswering || !(isRinging || (talks() && !isHere()))) return refuse("Answer", "no call waits for an answer");
      isAnswering = true;
      quiet();
      answer(isRinging);
      return true;
    },
    Hangup() {
      if (hasHungUp || facts.state === "ended") return refuse("Hangup", "the call has ended");
      hasHungUp = true;
      quiet();
      connection()?.setMuted(true); // nothing more is said, whenever the gateway hears of it
      const asked = facts.state === "incoming" && !isAnswering ? ask("reject", { status: 486 }) : ask("hang_up");
      asked.catch(() => (hasHungUp = false));
      return true;
    },
    Mute: () => turn("Mute", "is_muted", true),
    UnMute: () => turn("UnMute", "is_muted", false),
    MuteToggle: () => turn("MuteToggle", "is_muted"),
    Hold: () => turn("Hold", "is_on_hold", true),
    UnHold: () => turn("UnHold", "is_on_hold", false),
    HoldToggle: () => turn("HoldToggle", "is_on_hold"),
    sendDTMF(digit, method = "info") {
      const digits = `${digit}`;
      if (!/^[0-9A-D*#,]$/.test(digits)) return refuse("sendDTMF", `${digits} is no digit: one of 0-9, *, #, A-D`);
      if (!canTalk("sendDTMF")) return false;
      core.dtmfTone(digits);
      ask("send_digits", { digits, method }).catch(() => {});
      return true;
    },
    async reject(status = 486, reason = "") {
      quiet();
      await ask("reject", { status, reason: reason || undefined });
    },
    async transfer(target) {
      await ask("transfer", { target });
    },
    async transferTo(other) {
      if (!other?.callId) throw failure("state.invalid", "transferTo wants the other call.", "Pass one of client.calls.");
      await ask("transfer_to", { other: other.callId });
    },
    callDetails: () => ({ ...detailsOf(facts), callDuration: duration() }),
    stats: async () => (await connection()?.stats()) ?? null,
    levels: () => connection()?.levels() ?? { input: 0, output: 0 },

    get callDuration() {
      return duration();
    },
    get isMuted() {
      return wished("is_muted");
    },
    get isOnHold() {
      return !!facts.is_on_hold;
    },
    get isRemoteOnHold() {
      return !!facts.is_remote_on_hold;
    },
    get isHere() {
      return isHere();
    },
    get remoteStream() {
      return connection()?.remoteStream ?? null;
    },
    get localStream() {
      return connection()?.localStream ?? null;
    },

    // for the phone
    get facts() {
      return facts;
    },
    get isAnswering() {
      return isAnswering;
    },
    talks,
    update(now) {
      facts = now;
      Object.assign(call, detailsOf(facts));
    },
  };
  const call = Object.assign(Object.create(methods), detailsOf(facts));
  return call;
}

/**
 * @param {string} name
 * @param {string} why
 */
function refuse(name, why) {
  log.write("warn", `${name}(): ${why}`);
  return false;
}

/**
 * @param {CallFacts} facts
 * @returns {PlainDetails}
 */
function detailsOf({ id: callId, state: callState, details }) {
  /** @type {any} */
  const all = { callId, callState, ...details };
  for (const name in all) if (all[name] && name.endsWith("Time")) all[name] = new Date(all[name]);
  return all;
}
