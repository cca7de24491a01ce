// @ts-check
import { log } from "./log.mjs";
import { mediaDevices, microphone } from "./microphone.mjs";
import { sound } from "./sound.mjs";
/** @import {Core} from "./types.d.ts" */

/** Changes devices, tells a page when the default ones change, and follows them if asked to (guide 5.14). @param {Core} core */
export function deviceMethods(core) {
  /** @type {(Function | null | undefined)[]} */ let tellers = [];
  /** @type {Promise<void> | undefined} */ let watch;

  const begin = async () => {
    const all = mediaDevices();
    let defaults = defaultsOf(await all.enumerateDevices());
    all.addEventListener("devicechange", async () => {
      const devices = await all.enumerateDevices();
      const before = defaults;
      defaults = defaultsOf(devices);
      log.call("onDeviceChange", tellers[2], devices);
      defaults.forEach((deviceId, index) => deviceId === before[index] || changed(index, deviceId));
    });
  };

  /**
   * @param {number} index 0 for the input, 1 for the output
   * @param {string | undefined} deviceId
   */
  const changed = async (index, deviceId) => {
    if (core.isFollowing) await change(index ? sound : microphone, "", null, null, true);
    log.call("audio device change callback", tellers[index], deviceId);
  };

  return {
    /** @param {(Function | null | undefined)[]} callbacks for the input, the output, and any change */
    registerAudioDeviceChangeCallback(...callbacks) {
      if (callbacks.length) tellers = callbacks;
      watch ??= log.call("the watch of devices", begin);
    },
    /** @param {ChangeArguments} args */
    changeAudioInputDevice: (...args) => change(microphone, ...args),
    /** @param {ChangeArguments} args */
    changeAudioOutputDevice: (...args) => change(sound, ...args),
  };
}

/** @typedef {[deviceId: string, onSuccess?: Function | null, onError?: Function | null, isForced?: boolean]} ChangeArguments */

/**
 * Changes a device, then says how that went.
 * @param {{change: (deviceId: string) => Promise<void>, deviceId: string}} side
 * @param {ChangeArguments} args
 */
async function change(side, ...[deviceId, onSuccess, onError, isForced]) {
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
