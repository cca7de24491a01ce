// @ts-check
import { log } from "./log.mjs";
import { mediaDevices, microphone } from "./microphone.mjs";
import { sound } from "./sound.mjs";

/** Tells a page when the default devices change (guide 5.14), and follows them if asked to. */
export class DeviceWatch {
  /** @type {(Function | null | undefined)[]} */ #callbacks = [];
  /** @type {string[] | null} the default input and output */ #defaults = null;
  isFollowing = false;

  /** @param {(Function | null | undefined)[]} callbacks for the input, the output, and any change */
  async start(...callbacks) {
    if (callbacks.length) this.#callbacks = callbacks;
    try {
      const devices = mediaDevices();
      if (!this.#defaults) devices.addEventListener("devicechange", () => void this.#look());
      this.#defaults ??= defaultsOf(await devices.enumerateDevices());
    } catch (error) {
      log.write("warn", `devices cannot be watched: ${/** @type {Error} */ (error).message}`);
    }
  }

  async #look() {
    const devices = await mediaDevices().enumerateDevices();
    const now = defaultsOf(devices);
    const before = this.#defaults ?? [];
    this.#defaults = now;
    log.call("onDeviceChange", this.#callbacks[2], devices);
    for (const side of [0, 1]) {
      if (now[side] === before[side]) continue;
      if (this.isFollowing) await (side ? sound : microphone).change("").catch((error) => log.write("warn", String(error)));
      log.call("audio device change callback", this.#callbacks[side], now[side]);
    }
  }
}

/**
 * Changes a device (guide 5.14), then says how that went.
 * @param {{change: (deviceId: string) => Promise<void>, deviceId: string}} side
 * @param {string} deviceId
 * @param {Function} [onSuccess]
 * @param {Function} [onError]
 * @param {boolean} [isForced] also where the device is in use already
 */
export function changeDevice(side, deviceId, onSuccess, onError, isForced) {
  const isSame = side.deviceId === deviceId && !isForced;
  (isSame ? Promise.resolve() : side.change(deviceId)).then(
    () => log.call("onSuccess", onSuccess),
    (error) => {
      log.write("error", `the device cannot be used: ${error.message}`);
      log.call("onError", onError, error);
    },
  );
}

/** The ids of the default input and output. @param {MediaDeviceInfo[]} devices */
function defaultsOf(devices) {
  return ["audioinput", "audiooutput"].map((kind) => {
    const all = devices.filter((device) => device.kind === kind);
    const named = all.find((device) => device.deviceId === "default");
    const real = all.find((device) => device !== named && device.groupId === named?.groupId);
    return (real ?? named ?? all[0])?.deviceId ?? "";
  });
}
