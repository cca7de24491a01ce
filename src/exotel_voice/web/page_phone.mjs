// @ts-check
import { deviceMethods } from "./devices.mjs";
import { diagnosticMethods } from "./diagnostics.mjs";
import { log } from "./log.mjs";
import { preferred } from "./media.mjs";
import { microphone } from "./microphone.mjs";
import { tones } from "./tones.mjs";
/** @import {Core, ToneName} from "./types.d.ts" */

/** What a phone does with the page around it: diagnostics, devices, logs, sounds (guide 5.11, 5.14, 5.15). @param {Core} core */
export function pageMethods(core) {
  /** @param {number} value */
  const isVolume = (value) => value >= 0 && value <= 1;

  return {
    ...diagnosticMethods(core),
    ...deviceMethods(core),

    /** @param {any} callback */
    registerLoggerCallback: (callback) => void (log.callback = callback),
    /** @param {boolean} isEnabled */
    setEnableConsoleLogging: (isEnabled) => void (log.isOnConsole = isEnabled),
    /** @param {string} name */
    setPreferredCodec(name) {
      const isKnown = preferred(name).length > 0;
      if (isKnown) core.media.settings.codec = name;
      else log.write("warn", `setPreferredCodec(): this browser has no ${name}`);
      return isKnown;
    },
    /** @param {boolean} isEnabled */
    setNoiseSuppression: (isEnabled) => void log.call("setNoiseSuppression", () => microphone.setNoiseSuppression(isEnabled)),
    /**
     * @param {ToneName} name
     * @param {number} value
     */
    setAudioOutputVolume(name, value) {
      const isValid = name in tones.volumes && isVolume(value);
      if (isValid) tones.setVolume(name, value);
      else log.write("warn", `setAudioOutputVolume(): ${Object.keys(tones.volumes).join(", ")}, from 0 to 1`);
      return isValid;
    },
    /** @param {ToneName} name */
    getAudioOutputVolume: (name) => tones.volumes[name],
    /** @param {number} value */
    setCallAudioOutputVolume(value) {
      if (isVolume(value)) core.media.setVolume(value);
      return isVolume(value);
    },
    getCallAudioOutputVolume: () => core.media.settings.volume,
  };
}
