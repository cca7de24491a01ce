// @ts-check
import { failure } from "./failure.mjs";
import { log } from "./log.mjs";

/** The device's own track, while anybody uses it. @type {Promise<MediaStreamTrack> | null} */
let source = null;
/** Who uses it: their own copies of the track, with what to do when it is another. @type {Map<MediaStreamTrack, (track: MediaStreamTrack) => void>} */
const users = new Map();
let noiseSuppression = true;

/** One microphone for all phones of a page: opened for calls only, and shared by those that go on at a time. */
export const microphone = {
  deviceId: "",

  /**
   * Gives a track of one's own, asking the user if need be.
   * @param {(track: MediaStreamTrack) => void} onReplaced given the track that takes its place
   * @returns {Promise<MediaStreamTrack>}
   */
  async open(onReplaced) {
    const opening = (source ??= capture(this.deviceId));
    try {
      const track = (await opening).clone();
      users.set(track, onReplaced);
      return track;
    } catch (error) {
      if (source === opening) source = null;
      throw error;
    }
  },

  /** @param {MediaStreamTrack | null} track */
  close(track) {
    if (!track) return;
    track.stop();
    users.delete(track);
    if (!users.size) take(null);
  },

  /**
   * Takes another device, at once in every call. One that is chosen is tried, also without a call.
   * @param {string} deviceId the one chosen, or "" for the browser's default
   */
  async change(deviceId) {
    if (source || deviceId) await replace(deviceId);
    this.deviceId = deviceId;
  },

  /** @param {boolean} isEnabled */
  async setNoiseSuppression(isEnabled) {
    noiseSuppression = isEnabled;
    if (source) await replace(this.deviceId);
  },
};

/** @param {Promise<MediaStreamTrack> | null} next what is the source from now on */
function take(next) {
  source?.then((track) => track.stop(), () => {});
  source = next;
}

/** @param {string} deviceId */
async function replace(deviceId) {
  const fresh = await capture(deviceId);
  if (!source) return fresh.stop(); // nobody uses it
  take(Promise.resolve(fresh));
  for (const [track, onReplaced] of [...users]) {
    const copy = fresh.clone();
    copy.enabled = track.enabled;
    users.set(copy, onReplaced);
    onReplaced(copy);
    microphone.close(track);
  }
}

/** @param {string} deviceId */
async function capture(deviceId) {
  const audio = { echoCancellation: true, noiseSuppression, deviceId: { exact: deviceId || undefined } };
  const stream = await mediaDevices().getUserMedia({ audio }).catch(({ name }) => {
    throw /NotFound|Overconstrained/.test(name)
      ? denied("There is no such microphone.", "Plug one in, or choose another.")
      : denied(`The microphone cannot be used: ${name}.`, "Let the page use the microphone in the browser's address bar.");
  });
  const [track] = stream.getAudioTracks();
  track.onended = goOn;
  return track;
}

/** The device was unplugged: go on with another, now or when there is one. */
function goOn() {
  log.write("warn", "the microphone is gone; another is tried");
  microphone.deviceId = "";
  replace("").catch(({ message }) => {
    log.write("error", `no microphone is left: ${message}`);
    mediaDevices().addEventListener("devicechange", () => source && goOn(), { once: true });
  });
}

/** The page's devices. Throws where the page has none because it is not secure. */
export function mediaDevices() {
  if (!navigator.mediaDevices)
    throw denied("The browser gives no microphone to a page without https.", "Serve the page over https, or from http://localhost.");
  return navigator.mediaDevices;
}

/** @param {MediaDeviceKind} kind */
export const devicesOf = async (kind) => (await mediaDevices().enumerateDevices()).filter((device) => device.kind === kind);

/**
 * @param {string} message
 * @param {string} hint
 */
const denied = (message, hint) => failure("media.microphone_denied", message, hint);

/**
 * Whether the microphone can be used; asks the user only where nobody was asked yet.
 * @returns {Promise<boolean>}
 */
export async function canUseMicrophone() {
  try {
    /** @type {any} Firefox before 131 does not know this name */
    const query = { name: "microphone" };
    const permission = await navigator.permissions?.query(query).catch(() => null);
    if (permission?.state !== "granted") microphone.close(await microphone.open(() => {}));
    return (await devicesOf("audioinput")).length > 0;
  } catch {
    return false;
  }
}
