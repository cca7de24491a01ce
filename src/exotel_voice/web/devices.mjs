// @ts-check
import { log } from "./log.mjs";
import { mediaDevices, microphone } from "./microphone.mjs";
import { sound } from "./sound.mjs";

/** Tells a page when the default devices change (guide 5.14), and follows them if asked to. */
export class DeviceWatch {
  isFollowing = false;
  /** @type {(Function | null | undefined)[]} */ #callbacks = [];
  /** @type {Promise<void> | undefined} */ #watch;

  /** @param {(Function | null | undefined)[]} callbacks for the input, the output, and any change */
  start(...callbacks) {
    if (callbacks.length) this.#callbacks = callbacks;
    this.#watch ??= log.call("the watch of devices", async () => {
      const all = mediaDevices();
      let defaults = defaultsOf(await all.enumerateDevices());
      all.addEventListener("devicechange", async () => {
        const devices = await all.enumerateDevices();
        const before = defaults;
        defaults = defaultsOf(devices);
        log.call("onDeviceChange", this.#callbacks[2], devices);
        defaults.forEach((deviceId, index) => deviceId === before[index] || this.#tell(index, deviceId));
      });
    });
  }

  /**
   * @param {number} index 0 for the input, 1 for the output
   * @param {string | undefined} deviceId
   */
  async #tell(index, deviceId) {
    if (this.isFollowing) await changeDevice(index ? sound : microphone, "", null, null, true);
    log.call("audio device change callback", this.#callbacks[index], deviceId);
  }
}

/**
 * Changes a device (guide 5.14), then says how that went.
 * @param {{change: (deviceId: string) => Promise<void>, deviceId: string}} side
 * @param {string} deviceId
 * @param {Function | null} [onSuccess]
 * @param {Function | null} [onError]
 * @param {boolean} [isForced] also where the device is in use already
 */
export async function changeDevice(side, deviceId, onSuccess, onError, isForced) {
  try {
    if (isForced || side.deviceId !== deviceId) await side.change(deviceId);
    log.call("onSuccess", onSuccess);
  } catch (error) {
    log.write("error", `the device cannot be used: ${error}`);
    log.call("onError", onError, error);
  }
}

/**
 * The ids of the default input and output. Chromium lists it by another name before all.
 * @param {MediaDeviceInfo[]} devices
 */
const defaultsOf = (devices) =>
  ["audioinput", "audiooutput"].map((kind) => {
    const [first, ...others] = devices.filter((device) => device.kind === kind);
    return (others.findLast(({ groupId }) => first.deviceId === "default" && groupId === first.groupId) ?? first)?.deviceId;
  });
