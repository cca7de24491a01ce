// @ts-check
import { CallView } from "./call_view.mjs";
import { facts as factsOf, failure } from "./failure.mjs";
import { log } from "./log.mjs";
/** @import {CallFacts, CallHands} from "./types.d.ts" */

const DIGIT = /^[0-9A-D*#,]$/;
const TALKING = ["active", "held", "reconnecting"];

/** One call, with the guide's names (5.4 to 5.9). Its fields are those of now. */
export class Call extends CallView {
  #isAnswering = false;
  #hasHungUp = false;
  #wantsHold = false;
  #wantsMute = false;
  #isSettling = false;

  /**
   * @param {CallFacts} facts
   * @param {CallHands} hands
   */
  constructor(facts, hands) {
    super(facts, hands);
    this.update(facts);
  }

  /** Takes what the gateway knows. @param {CallFacts} facts */
  update(facts) {
    super.update(facts);
    if (this.#isSettling) return;
    this.#wantsHold = this.isOnHold;
    this.#wantsMute = !!facts.is_muted;
  }

  get isMuted() {
    return this.#wantsMute;
  }
  get isAnswering() {
    return this.#isAnswering;
  }

  Answer() {
    const isRinging = this.callState === "incoming";
    if (this.#hasHungUp || this.#isAnswering || !(isRinging || (TALKING.includes(this.callState) && !this.isHere)))
      return this.#refuse("Answer", "no call waits for an answer");
    this.#isAnswering = true;
    this.hands.quiet(this);
    void this.#answer(isRinging);
    return true;
  }

  Hangup() {
    if (this.#hasHungUp || this.callState === "ended") return this.#refuse("Hangup", "the call has ended");
    this.#hasHungUp = true;
    this.hands.quiet(this);
    this.connection?.setMuted(true); // nothing more is said, whenever the gateway hears of it
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
    this.hands.dtmfTone(digits);
    this.#ask("send_digits", { digits, method }).catch(() => {});
    return true;
  }

  async reject(status = 486, reason = "") {
    this.hands.quiet(this);
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

  /** @param {boolean} isRinging */
  async #answer(isRinging) {
    try {
      await this.hands.media.withMicrophone(() => this.mediaId, () => this.#ask("answer", { headers: {} }));
    } catch (error) {
      if (factsOf(error).code === "media.microphone_denied") {
        this.hands.complain("Answer", error, this);
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
    this.connection?.setMuted(wish);
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
        const { is_muted, is_on_hold } = this.facts;
        if (!!is_muted !== this.#wantsMute) {
          const wish = this.#wantsMute;
          await this.#ask(wish ? "mute" : "unmute");
          this.facts = { ...this.facts, is_muted: wish };
        } else if (!!is_on_hold !== this.#wantsHold) {
          const wish = this.#wantsHold;
          await this.#ask(wish ? "hold" : "resume");
          this.facts = { ...this.facts, is_on_hold: wish };
        } else break;
      }
    } catch {
      this.#wantsMute = !!this.facts.is_muted;
      this.#wantsHold = !!this.facts.is_on_hold;
      this.connection?.setMuted(this.#wantsMute);
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
      return await this.hands.request(type, { call: this.callId, ...fields });
    } catch (error) {
      this.hands.complain(type, error, this);
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
