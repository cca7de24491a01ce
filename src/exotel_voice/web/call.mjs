// @ts-check
import { facts as factsOf, failure } from "./failure.mjs";
import { log } from "./log.mjs";
/** @import {CallDetails, CallFacts, CallHands, CallState} from "./types.d.ts" */

const DIGIT = /^[0-9A-D*#,]$/;
const TALKING = ["active", "held", "reconnecting"];

/** One call, with the guide's names (5.4 to 5.9). Its fields are those of now. */
export class Call {
  /** @type {CallHands} */ #hands;
  /** @type {CallFacts} */ #facts;
  #isAnswering = false;
  #hasHungUp = false;
  #wantsHold = false;
  #wantsMute = false;
  #isSettling = false;
  /** What the page was told of this call, so that it hears each fact once. @type {Set<string>} */
  told = new Set();
  callId = "";
  remoteId = "";
  remoteDisplayName = "";
  /** @type {"incoming" | "outgoing"} */ callDirection = "incoming";
  /** @type {CallState} */ callState = "incoming";
  /** @type {Date | null} */ callStartedTime = null;
  /** @type {Date | null} */ callEstablishedTime = null;
  /** @type {Date | null} */ callEndedTime = null;
  /** @type {Date | null} */ callAnswerTime = null;
  callEndReason = "";
  sessionId = "";
  callSid = "";
  legSid = "";
  /** @type {Record<string, string>} */ sipHeaders = {};

  /**
   * @param {CallFacts} facts
   * @param {CallHands} hands
   */
  constructor(facts, hands) {
    this.#hands = hands;
    this.#facts = facts;
    Object.defineProperty(this, "told", { enumerable: false });
    this.update(facts);
  }

  /** Takes what the gateway knows. @param {CallFacts} facts */
  update(facts) {
    this.#facts = facts;
    Object.assign(this, detailsOf(facts));
    if (this.#isSettling) return;
    this.#wantsHold = !!facts.is_on_hold;
    this.#wantsMute = !!facts.is_muted;
  }

  /** In seconds, from the answer to the end or to now. */
  get callDuration() {
    const { answered_at, ended_at, duration } = this.#facts;
    if (ended_at || !answered_at) return duration ?? 0;
    return Math.max(0, (Date.now() - answered_at) / 1000);
  }

  get isMuted() {
    return this.#wantsMute;
  }
  get isOnHold() {
    return !!this.#facts.is_on_hold;
  }
  get isRemoteOnHold() {
    return !!this.#facts.is_remote_on_hold;
  }
  get isHere() {
    return this.#facts.media_tab === this.#hands.tab() && !!this.#media;
  }
  /** Whether any tab has the audio. */
  get hasTab() {
    return !!this.#facts.media_tab;
  }
  /** Whether this tab had the audio last, though its page may have been loaded again. */
  get wasMine() {
    return this.#facts.last_media_tab === this.#hands.tab();
  }
  get mediaId() {
    return this.#facts.media;
  }
  get isAnswering() {
    return this.#isAnswering;
  }
  get remoteStream() {
    return this.#media?.remoteStream ?? null;
  }
  get localStream() {
    return this.#media?.localStream ?? null;
  }

  /** @returns {CallDetails} */
  callDetails() {
    return { ...detailsOf(this.#facts), callDuration: this.callDuration };
  }

  Answer() {
    const isRinging = this.callState === "incoming";
    if (this.#hasHungUp || this.#isAnswering || !(isRinging || (TALKING.includes(this.callState) && !this.isHere)))
      return this.#refuse("Answer", "no call waits for an answer");
    this.#isAnswering = true;
    this.#hands.quiet(this);
    void this.#answer(isRinging);
    return true;
  }

  Hangup() {
    if (this.#hasHungUp || this.callState === "ended") return this.#refuse("Hangup", "the call has ended");
    this.#hasHungUp = true;
    this.#hands.quiet(this);
    const isRejected = this.callState === "incoming" && !this.#isAnswering;
    this.#ask(isRejected ? "reject" : "hang_up", isRejected ? { status: 486 } : {}).catch(() => (this.#hasHungUp = false));
    return true;
  }

  Mute() {
    return this.#mute("Mute", true);
  }
  UnMute() {
    return this.#mute("UnMute", false);
  }
  MuteToggle() {
    return this.#mute("MuteToggle", !this.#wantsMute);
  }
  Hold() {
    return this.#hold("Hold", true);
  }
  UnHold() {
    return this.#hold("UnHold", false);
  }
  HoldToggle() {
    return this.#hold("HoldToggle", !this.#wantsHold);
  }

  /**
   * @param {string | number} digit
   * @param {"info" | "rfc4733" | "auto"} method
   */
  sendDTMF(digit, method = "info") {
    const digits = String(digit);
    if (!DIGIT.test(digits)) return this.#refuse("sendDTMF", `${digits} is no digit: one of 0-9, *, #, A-D`);
    if (!this.#isTalking("sendDTMF")) return false;
    this.#hands.dtmfTone(digits);
    this.#ask("send_digits", { digits, method }).catch(() => {});
    return true;
  }

  async reject(status = 486, reason = "") {
    this.#hands.quiet(this);
    await this.#ask("reject", { status, ...(reason ? { reason } : {}) });
  }

  /** @param {string} target */
  async transfer(target) {
    await this.#ask("transfer", { target });
  }

  /** @param {Call} other */
  async transferTo(other) {
    if (!other?.callId) throw failure("state.invalid", "transferTo wants the other call.", "Pass one of client.calls.");
    await this.#ask("transfer_to", { other: other.callId });
  }

  async stats() {
    return (await this.#media?.stats()) ?? null;
  }

  levels() {
    return this.#media?.levels() ?? { input: 0, output: 0 };
  }

  get #media() {
    return this.#hands.media.find(this.mediaId);
  }

  /** @param {boolean} isRinging */
  async #answer(isRinging) {
    try {
      await this.#hands.media.withMicrophone(this.mediaId, () => this.#ask("answer", { headers: {} }));
    } catch (error) {
      if (factsOf(error).code === "media.microphone_denied") {
        log.write("error", `Answer: ${factsOf(error).message} ${factsOf(error).hint}`);
        if (isRinging) await this.#ask("reject", { status: 480 }).catch(() => {});
      }
    } finally {
      this.#isAnswering = false;
    }
  }

  /**
   * @param {string} name
   * @param {boolean} wish
   */
  #mute(name, wish) {
    if (!this.#isTalking(name)) return false;
    this.#wantsMute = wish;
    this.#media?.setMuted(wish);
    void this.#settle();
    return true;
  }

  /**
   * @param {string} name
   * @param {boolean} wish
   */
  #hold(name, wish) {
    if (!this.#isTalking(name)) return false;
    this.#wantsHold = wish;
    void this.#settle();
    return true;
  }

  /** Asks for one change after the other until all is as the page wished last. */
  async #settle() {
    if (this.#isSettling) return;
    this.#isSettling = true;
    try {
      for (;;) {
        const { is_muted, is_on_hold } = this.#facts;
        if (!!is_muted !== this.#wantsMute) {
          const wish = this.#wantsMute;
          await this.#ask(wish ? "mute" : "unmute");
          this.#facts = { ...this.#facts, is_muted: wish };
        } else if (!!is_on_hold !== this.#wantsHold) {
          const wish = this.#wantsHold;
          await this.#ask(wish ? "hold" : "resume");
          this.#facts = { ...this.#facts, is_on_hold: wish };
        } else break;
      }
    } catch {
      this.#wantsMute = !!this.#facts.is_muted;
      this.#wantsHold = !!this.#facts.is_on_hold;
      this.#media?.setMuted(this.#wantsMute);
    } finally {
      this.#isSettling = false;
    }
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} fields
   */
  async #ask(type, fields = {}) {
    try {
      return await this.#hands.request(type, { call: this.callId, ...fields });
    } catch (error) {
      log.write("error", `${type}: ${factsOf(error).message} ${factsOf(error).hint}`);
      throw error;
    }
  }

  /** @param {string} name */
  #isTalking(name) {
    const isTalking = TALKING.includes(this.callState) && !this.#hasHungUp;
    return isTalking || this.#refuse(name, "nobody has answered the call, or it has ended");
  }

  /**
   * @param {string} name
   * @param {string} why
   */
  #refuse(name, why) {
    log.write("warn", `${name}(): ${why}`);
    return false;
  }
}

/** @param {CallFacts} facts */
function detailsOf(facts) {
  /** @param {number | null | undefined} at */
  const date = (at) => (at ? new Date(at) : null);
  return {
    callId: facts.id,
    remoteId: facts.remote_id ?? "",
    remoteDisplayName: facts.remote_display_name ?? "",
    callDirection: facts.direction,
    callState: facts.state,
    callStartedTime: date(facts.started_at),
    callEstablishedTime: date(facts.established_at),
    callEndedTime: date(facts.ended_at),
    callAnswerTime: date(facts.answered_at),
    callEndReason: facts.end_reason ?? "",
    sessionId: facts.session_id ?? "",
    callSid: facts.call_sid ?? "",
    legSid: facts.leg_sid ?? "",
    sipHeaders: facts.sip_headers ?? {},
  };
}
