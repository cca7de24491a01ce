// @ts-check
import { failure } from "./failure.mjs";
import { log } from "./log.mjs";

/** The page's one microphone: opened for calls only, and shared by those that go on at a time. */
export class Microphone {
  /** @type {Promise<MediaStreamTrack> | null} */ #source = null;
  /** Who uses it: their own copies of the track, with what to do when it is another. @type {Map<MediaStreamTrack, (track: MediaStreamTrack) => void>} */
  #users = new Map();
  deviceId = "";
  hasNoiseSuppression = true;

  /** @param {string} deviceId the one chosen, or "" for the browser's default */
  #constraints(deviceId) {
    return {
      echoCancellation: true,
      autoGainControl: true,
      noiseSuppression: this.hasNoiseSuppression,
      ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
    };
  }

  /**
   * Gives a track of one's own, asking the user if need be.
   * @param {(track: MediaStreamTrack) => void} onReplaced given the track that takes its place
   * @returns {Promise<MediaStreamTrack>}
   */
  async open(onReplaced) {
    this.#source ??= this.#capture(this.deviceId);
    const source = this.#source;
    try {
      const track = (await source).clone();
      this.#users.set(track, onReplaced);
      return track;
    } catch (error) {
      if (this.#source === source) this.#source = null;
      throw error;
    }
  }

  /** @param {MediaStreamTrack | null} track */
  close(track) {
    if (!track) return;
    track.stop();
    this.#users.delete(track);
    if (this.#users.size) return;
    void this.#source?.then((source) => source.stop(), () => {});
    this.#source = null;
  }

  /**
   * Takes another device, at once in every call.
   * @param {string} deviceId
   */
  async change(deviceId) {
    if (this.#source || !deviceId) await this.#replace(deviceId);
    else if (!(await inputs()).some((device) => device.deviceId === deviceId))
      throw failure("media.device", "There is no such microphone.", "Choose from navigator.mediaDevices.enumerateDevices().");
    this.deviceId = deviceId;
  }

  /** @param {boolean} isEnabled */
  async setNoiseSuppression(isEnabled) {
    this.hasNoiseSuppression = isEnabled;
    if (this.#source) await this.#replace(this.deviceId);
  }

  /** @param {string} deviceId */
  async #replace(deviceId) {
    if (!this.#source) return;
    const source = await this.#capture(deviceId);
    const old = this.#source;
    this.#source = Promise.resolve(source);
    void old?.then((track) => track.stop(), () => {});
    for (const [track, onReplaced] of [...this.#users]) {
      const copy = source.clone();
      copy.enabled = track.enabled;
      this.#users.delete(track);
      this.#users.set(copy, onReplaced);
      onReplaced(copy);
      track.stop();
    }
  }

  /** @param {string} deviceId */
  async #capture(deviceId) {
    const devices = mediaDevices();
    try {
      const stream = await devices.getUserMedia({ audio: this.#constraints(deviceId) });
      const [track] = stream.getAudioTracks();
      track.addEventListener("ended", () => void this.#lost());
      return track;
    } catch (error) {
      throw microphoneDenied(/** @type {Error} */ (error));
    }
  }

  /** The device was unplugged: go on with another, if there is one. */
  async #lost() {
    log.write("warn", "the microphone is gone; another is tried");
    this.deviceId = "";
    try {
      await this.#replace("");
    } catch (error) {
      log.write("error", `no microphone is left: ${/** @type {Error} */ (error).message}`);
      mediaDevices().addEventListener("devicechange", () => this.#source && void this.#lost(), { once: true });
    }
  }
}

/** The page's devices. Throws where the page has none because it is not secure. */
export function mediaDevices() {
  if (globalThis.navigator?.mediaDevices) return navigator.mediaDevices;
  throw failure(
    "media.microphone_denied",
    "The browser gives no microphone to a page without https.",
    "Serve the page over https, or from http://localhost.",
  );
}

async function inputs() {
  return (await mediaDevices().enumerateDevices()).filter((device) => device.kind === "audioinput");
}

/** @param {Error} error */
function microphoneDenied(error) {
  const isMissing = ["NotFoundError", "OverconstrainedError"].includes(error.name);
  return failure(
    "media.microphone_denied",
    isMissing ? "There is no such microphone." : `The microphone cannot be used: ${error.name}.`,
    isMissing ? "Plug one in, or choose another." : "Let the page use the microphone in the browser's address bar.",
  );
}

/**
 * Whether the microphone can be used; asks the user only where nobody was asked yet.
 * @returns {Promise<boolean>}
 */
export async function canUseMicrophone() {
  try {
    if (!(await inputs()).length) return false;
    /** @type {any} Firefox before 131 does not know this name */
    const query = { name: "microphone" };
    const permission = await navigator.permissions?.query(query).catch(() => null);
    if (permission?.state === "granted") return true;
    if (permission?.state === "denied") return false;
    const stream = await mediaDevices().getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
    return true;
  } catch {
    return false;
  }
}

/** One microphone for all phones of a page. */
export const microphone = new Microphone();
