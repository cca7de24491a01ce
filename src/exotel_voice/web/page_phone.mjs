// @ts-check
import { changeDevice, DeviceWatch } from "./devices.mjs";
import { Diagnostics } from "./diagnostics.mjs";
import { log } from "./log.mjs";
import { preferred } from "./media.mjs";
import { microphone } from "./microphone.mjs";
import { sound } from "./sound.mjs";
import { tones } from "./tones.mjs";
/** @import {Core, ToneName} from "./types.d.ts" */

/** What a phone does with the page around it: diagnostics, devices, logs, sounds (guide 5.11, 5.14, 5.15). @param {Core} core */
export function pageMethods(core) {
  const devices = (core.devices = new DeviceWatch());
  const diagnostics = (core.diagnostics = new Diagnostics({
    address: () => core.link.address,
    isConnected: () => core.link.isAttached && core.line === "connected",
    isRegistered: () => core.registration.state === "registered",
    userName: () => core.userName,
    iceServers: () => core.link.iceServers,
  }));
  /** @param {number} value */
  const isVolume = (value) => value >= 0 && value <= 1;

  return {
    /**
     * @param {Function} report
     * @param {Function} keyValue
     */
    initDiagnostics: (report, keyValue) => void diagnostics.open(report, keyValue),
    closeDiagnostics: () => diagnostics.close(),
    startSpeakerDiagnosticsTest: () => diagnostics.startSpeaker(),
    /** @param {string} [response] */
    stopSpeakerDiagnosticsTest: (response) => diagnostics.stop("speaker", response),
    startMicDiagnosticsTest: () => void diagnostics.startMicrophone(),
    /** @param {string} [response] */
    stopMicDiagnosticsTest: (response) => diagnostics.stop("mic", response),
    startNetworkDiagnostics: () => void diagnostics.startNetwork(),
    stopNetworkDiagnostics: () => diagnostics.stop("network"),

    /** @param {(Function | null | undefined)[]} callbacks */
    registerAudioDeviceChangeCallback: (...callbacks) => void devices.start(...callbacks),
    /** @param {[string, Function?, Function?, boolean?]} args */
    changeAudioInputDevice: (...args) => changeDevice(microphone, ...args),
    /** @param {[string, Function?, Function?, boolean?]} args */
    changeAudioOutputDevice: (...args) => changeDevice(sound, ...args),

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
    setNoiseSuppression(isEnabled) {
      microphone.setNoiseSuppression(isEnabled).catch((error) => log.write("warn", `${error}`));
    },
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
