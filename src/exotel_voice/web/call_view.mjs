// @ts-check
/** @import {CallDetails, CallFacts, CallHands, CallState} from "./types.d.ts" */

/** What is known of a call, as fields of its own: always as it stands now. */
export class CallView {
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
    this.hands = hands;
    this.facts = facts;
    for (const name of ["told", "hands", "facts"]) Object.defineProperty(this, name, { enumerable: false });
  }

  /** Takes what the gateway knows. @param {CallFacts} facts */
  update(facts) {
    this.facts = facts;
    Object.assign(this, detailsOf(facts));
  }

  /** In seconds, from the answer to the end or to now. */
  get callDuration() {
    const { answered_at, ended_at, duration } = this.facts;
    if (ended_at || !answered_at) return duration ?? 0;
    return Math.max(0, (Date.now() - answered_at) / 1000);
  }

  get isOnHold() {
    return !!this.facts.is_on_hold;
  }
  get isRemoteOnHold() {
    return !!this.facts.is_remote_on_hold;
  }
  get isHere() {
    return this.facts.media_tab === this.hands.tab() && !!this.connection;
  }
  /** Whether any tab has the audio. */
  get hasTab() {
    return !!this.facts.media_tab;
  }
  /** Whether this tab had the audio last, though its page may have been loaded again. */
  get wasMine() {
    return this.facts.last_media_tab === this.hands.tab();
  }
  get mediaId() {
    return this.facts.media;
  }
  get connection() {
    return this.hands.media.find(this.mediaId);
  }
  get remoteStream() {
    return this.connection?.remoteStream ?? null;
  }
  get localStream() {
    return this.connection?.localStream ?? null;
  }

  /** @returns {CallDetails} */
  callDetails() {
    return { ...detailsOf(this.facts), callDuration: this.callDuration };
  }

  async stats() {
    return (await this.connection?.stats()) ?? null;
  }

  levels() {
    return this.connection?.levels() ?? { input: 0, output: 0 };
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
