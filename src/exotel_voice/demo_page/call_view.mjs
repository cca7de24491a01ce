// @ts-check
/** A call as the views show it, and its end and transfer in words. */

/**
 * @typedef {object} CallView
 * @property {string} id
 * @property {string} state  incoming, dialing, ringing, active, held, reconnecting or ended
 * @property {string} direction  incoming or outgoing
 * @property {string} number
 * @property {string} name  May be empty.
 * @property {number|null} startedAt  Milliseconds since the epoch, as all times here.
 * @property {number|null} establishedAt
 * @property {number|null} endedAt
 * @property {string} endReason
 * @property {string} endWords
 * @property {boolean} isMissed
 * @property {boolean} isMuted
 * @property {boolean} isHeld
 * @property {boolean} isRemoteHeld
 * @property {boolean} isHere  Its audio is in this tab.
 * @property {boolean} isElsewhere  Its audio is in another tab.
 * @property {string} sessionId
 * @property {string} callSid
 * @property {string} legSid
 * @property {Record<string, string>} headers
 * @property {string} digits  Sent so far.
 * @property {string} transfer  How a transfer goes; empty for none.
 * @property {string} codec
 */

/** @param {Date|null|undefined} date */
const at = (date) => (date ? date.getTime() : null);

/**
 * @param {any} call  A call of the client.
 * @param {{digits: string, transfer: string, codec: string}} addition
 * @param {boolean} isElsewhere
 * @returns {CallView}
 */
export function viewOf(call, addition, isElsewhere) {
  return {
    id: call.callId, state: call.callState, direction: call.callDirection,
    number: call.remoteId || "unknown", name: call.remoteDisplayName,
    startedAt: at(call.callStartedTime), endedAt: at(call.callEndedTime),
    establishedAt: at(call.callEstablishedTime ?? call.callAnswerTime),
    endReason: "", endWords: "", isMissed: false,
    isMuted: call.isMuted, isHeld: call.isOnHold, isRemoteHeld: call.isRemoteOnHold,
    isHere: call.isHere, isElsewhere,
    sessionId: call.sessionId, callSid: call.callSid, legSid: call.legSid, headers: call.sipHeaders ?? {},
    ...addition,
  };
}

/**
 * A call that is over.
 * @param {any} call
 * @param {{digits: string, transfer: string, codec: string}} addition
 * @param {string} event
 * @returns {CallView}
 */
export function endedView(call, addition, event) {
  const isMissed = event === "terminated" && call.callDirection === "incoming" && !wasUp(call);
  // Of an end that somebody asked for there is nothing to explain.
  const isPlain = event === "callEnded" || call.callEndReason === "OK";
  const endReason = isPlain ? "" : call.callEndReason;
  return { ...viewOf(call, addition, false), endWords: endWords(call, event), endReason, isMissed };
}

/** @param {any} call */
const wasUp = (call) => Boolean(call.callEstablishedTime ?? call.callAnswerTime);

/**
 * How a call ended, in words.
 * @param {any} call
 * @param {string} event  `callEnded` is an end by this side, `terminated` one by the far side.
 */
function endWords(call, event) {
  const here = event === "callEnded";
  if (wasUp(call)) return here ? "you hung up" : "the far side hung up";
  if (call.callDirection === "incoming") return here ? "you rejected the call" : "the call was given up";
  return here ? "you cancelled the call" : "the call was refused";
}

/** @param {{status: number, reason: string, is_final: boolean}} news */
export function transferWords({ status, reason, is_final: isFinal }) {
  if (!isFinal) return `transfer: ${reason || status}`;
  return status < 300 ? "transferred" : `the transfer failed: ${reason || status}`;
}
