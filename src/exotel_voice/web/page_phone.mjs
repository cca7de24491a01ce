// @ts-check
import { changeDevice, DeviceWatch } from "./devices.mjs";
import { log } from "./log.mjs";
import { preferred } from "./media.mjs";
import { microphone } from "./microphone.mjs";
import { sound } from "./sound.mjs";
import { tones } from "./tones.mjs";
/** @import {Diagnostics} from "./diagnostics.mjs" */
/** @import {MediaDesk} from "./media_desk.mjs" */
/** @import {ToneName} from "./types.d.ts" */

/** What a phone does with the page around it: diagnostics, devices, logs, sounds (guide 5.11, 5.14, 5.15). */
export class PagePhone extends EventTarget {
  // both are made by the phone itself
  diagnostics = /** @type {Diagnostics} */ (/** @type {unknown} */ (null));
  media = /** @type {MediaDesk} */ (/** @type {unknown} */ (null));
  devices = new DeviceWatch();

  constructor() {
    super();
    log.listeners.add((type, message, args) => this.emit("log", { type, message, args }));
    sound.listeners.add((isBlocked) => this.emit("autoplay", { isBlocked }));
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /**
   * @param {Function} reportCallback
   * @param {Function} keyValueCallback
   */
  initDiagnostics(reportCallback, keyValueCallback) {
    void this.diagnostics.open(reportCallback, keyValueCallback);
  }
  closeDiagnostics() {
    this.diagnostics.close();
  }
  startSpeakerDiagnosticsTest() {
    this.diagnostics.startSpeaker();
  }
  /** @param {string} [response] */
  stopSpeakerDiagnosticsTest(response) {
    this.diagnostics.stop("speaker", response);
  }
  startMicDiagnosticsTest() {
    void this.diagnostics.startMicrophone();
  }
  /** @param {string} [response] */
  stopMicDiagnosticsTest(response) {
    this.diagnostics.stop("mic", response);
  }
  startNetworkDiagnostics() {
    void this.diagnostics.startNetwork();
  }
  stopNetworkDiagnostics() {
    this.diagnostics.stop("network");
  }

  /** @param {(Function | null | undefined)[]} callbacks */
  registerAudioDeviceChangeCallback(...callbacks) {
    void this.devices.start(...callbacks);
  }
  /**
   * @param {string} deviceId
   * @param {Function} [onSuccess]
   * @param {Function} [onError]
   */
  changeAudioInputDevice(deviceId, onSuccess, onError, forceDeviceChange = false) {
    changeDevice(microphone, deviceId, onSuccess, onError, forceDeviceChange);
  }
  /**
   * @param {string} deviceId
   * @param {Function} [onSuccess]
   * @param {Function} [onError]
   */
  changeAudioOutputDevice(deviceId, onSuccess, onError, forceDeviceChange = false) {
    changeDevice(sound, deviceId, onSuccess, onError, forceDeviceChange);
  }

  /** @param {any} callback */
  registerLoggerCallback(callback) {
    log.callback = callback;
  }
  /** @param {boolean} isEnabled */
  setEnableConsoleLogging(isEnabled) {
    log.isOnConsole = isEnabled;
  }
  /** @param {string} name */
  setPreferredCodec(name) {
    const isKnown = preferred(name).length > 0;
    if (isKnown) this.media.settings.codec = name;
    else log.write("warn", `setPreferredCodec(): this browser has no ${name}`);
    return isKnown;
  }
  /** @param {boolean} isEnabled */
  setNoiseSuppression(isEnabled) {
    microphone.setNoiseSuppression(isEnabled).catch((error) => log.write("warn", String(error)));
  }
  /**
   * @param {string} name
   * @param {number} value
   */
  setAudioOutputVolume(name, value) {
    if (!(name in tones.volumes) || !(value >= 0 && value <= 1)) {
      log.write("warn", `setAudioOutputVolume(): ${Object.keys(tones.volumes).join(", ")}, from 0 to 1`);
      return false;
    }
    tones.setVolume(/** @type {ToneName} */ (name), value);
    return true;
  }
  /** @param {string} name */
  getAudioOutputVolume(name) {
    return tones.volumes[/** @type {ToneName} */ (name)];
  }
  /** @param {number} value */
  setCallAudioOutputVolume(value) {
    const isValid = value >= 0 && value <= 1;
    if (isValid) this.media.setVolume(value);
    return isValid;
  }
  getCallAudioOutputVolume() {
    return this.media.settings.volume;
  }
}
