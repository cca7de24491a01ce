// @ts-check
/** The phone of the page: one `ExotelWebClient` with what one can do with it, in the words of the views. */

import { PhoneState } from "./phone_state.mjs";

/** @typedef {import("./call_view.mjs").CallView} CallView */
/** @typedef {import("./phone_state.mjs").TabView} TabView */
/** @typedef {import("./phone_state.mjs").Stats} Stats */

const HOLD_LIMIT_MS = 3000;

export class Phone extends PhoneState {
  /** Attach to the server and register. */
  async start() {
    this.isAttached = await this.client.initWebrtc(
      { userName: this.user },
      (state, _phone, reason) => this.onRegistration(state, reason),
      (call, event) => this.note("event", `CallListenerCallback ${event}: ${call.remoteId}`),
      (state) => this.note("event", `SessionCallback ${state}`),
      true,
    );
    this.client.SessionListener();
    this.change();
    if (this.isAttached) this.register();
  }

  register() {
    this.isWanted = true;
    this.client.DoRegister();
    this.change();
  }

  unregister() {
    this.isWanted = false;
    this.client.UnRegister();
    this.change();
  }

  /**
   * @param {string} target
   * @returns {Promise<boolean>}  Whether the call has begun.
   */
  async dial(target) {
    await this.holdOthers("");
    return this.attempt(this.client.dial(target));
  }

  /** @param {string} id */
  answer(id) {
    this.call(id)?.Answer();
  }

  /** @param {string} id */
  async holdAndAnswer(id) {
    await this.holdOthers(id);
    this.answer(id);
  }

  /** @param {string} id */
  endAndAnswer(id) {
    for (const call of this.calls) if (call.isHere && call.id !== id) this.hangUp(call.id);
    this.answer(id);
  }

  /** @param {string} id */
  async reject(id) {
    await this.attempt(this.call(id)?.reject());
  }

  /** @param {string} id */
  hangUp(id) {
    this.call(id)?.Hangup();
  }

  /** @param {string} id */
  takeOver(id) {
    this.call(id)?.Answer();
  }

  /** @param {string} id */
  toggleMute(id) {
    this.call(id)?.MuteToggle();
  }

  /** @param {string} id  Resuming a call holds the one in which one talks. */
  async toggleHold(id) {
    if (this.call(id)?.isOnHold) await this.holdOthers(id);
    this.call(id)?.HoldToggle();
  }

  /**
   * @param {string} id
   * @param {string} digits
   */
  sendDigits(id, digits) {
    if (!this.call(id)?.sendDTMF(digits)) return;
    this.addition(id).digits += digits;
    this.change();
  }

  /**
   * @param {string} id
   * @param {string} target
   */
  async transfer(id, target) {
    this.addition(id).transfer = `transferring to ${target}`;
    this.change();
    if (!(await this.attempt(this.call(id)?.transfer(target)))) this.addition(id).transfer = "";
    this.change();
  }

  /**
   * Join the far sides of two calls.
   * @param {string} id
   * @param {string} other
   */
  async join(id, other) {
    const second = this.call(other);
    if (second) await this.attempt(this.call(id)?.transferTo(second));
  }

  /** @param {string} id */
  useInput(id) {
    this.client.changeAudioInputDevice(id, () => undefined, (error) => this.problem(error));
  }

  /** @param {string} id */
  useOutput(id) {
    this.client.changeAudioOutputDevice(id, () => undefined, (error) => this.problem(error));
  }

  /** @param {number} value  0 to 1. */
  setCallVolume(value) {
    this.client.setCallAudioOutputVolume(value);
  }

  /** @param {number} value  0 to 1. */
  setRingVolume(value) {
    this.client.setAudioOutputVolume("ringtone", value);
    this.client.setAudioOutputVolume("ringbacktone", value);
  }

  /** @param {boolean} on */
  setNoiseSuppression(on) {
    this.client.setNoiseSuppression(on);
  }

  downloadLogs() {
    this.client.downloadLogs();
  }

  // -- pieces --------------------------------------------------------------------------------

  /** @param {string} id  The call that is not to be held. */
  async holdOthers(id) {
    const others = this.calls.filter((call) => call.isHere && call.state === "active" && call.id !== id);
    for (const call of others) this.call(call.id)?.Hold();
    const isDone = () => others.every((call) => this.call(call.id)?.callState !== "active");
    await this.until(isDone, HOLD_LIMIT_MS);
  }

  /**
   * @param {() => boolean} holds
   * @param {number} limit  Milliseconds.
   */
  async until(holds, limit) {
    if (holds()) return;
    await new Promise((resolve) => {
      const stop = new AbortController();
      const end = () => { stop.abort(); clearTimeout(timer); resolve(undefined); };
      const timer = setTimeout(end, limit);
      this.addEventListener("change", () => { if (holds()) end(); }, { signal: stop.signal });
    });
  }

  /** @param {Promise<unknown>|undefined} work */
  async attempt(work) {
    try {
      await work;
      return true;
    } catch (error) {
      this.problem(error);
      return false;
    }
  }
}
