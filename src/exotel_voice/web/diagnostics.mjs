// @ts-check
import { facts } from "./failure.mjs";
import { log } from "./log.mjs";
import { mediaDevices, microphone } from "./microphone.mjs";
import { Meter } from "./stats.mjs";
import { tones } from "./tones.mjs";

const LEVEL_EVERY_MS = 100;
const NETWORK_LIMIT_MS = 5000;
const BROWSERS = [[/Edg\/([\d.]+)/, "Edge"], [/Firefox\/([\d.]+)/, "Firefox"], [/Chrome\/([\d.]+)/, "Chrome"],
  [/Version\/([\d.]+).*Safari/, "Safari"]];

/** The tests of guide 5.11: speaker, microphone, network. */
export class Diagnostics {
  /** @type {Function | null} */ #report = null;
  /** @type {Function | null} */ #keyValue = null;
  /** What stops the test of this name. @type {Map<string, () => void>} */ #running = new Map();

  /** @param {{address: () => string, isConnected: () => boolean, isRegistered: () => boolean,
   *   userName: () => string, iceServers: () => RTCIceServer[]}} phone */
  constructor(phone) {
    this.phone = phone;
  }

  /**
   * @param {Function} report
   * @param {Function} keyValue
   */
  async open(report, keyValue) {
    this.#report = report;
    this.#keyValue = keyValue;
    this.#tell("browserVersion", "ready", browserOf(globalThis.navigator?.userAgent ?? ""));
    const devices = await Promise.resolve().then(() => mediaDevices().enumerateDevices()).catch(() => []);
    for (const [key, kind] of [["micInfo", "audioinput"], ["speakerInfo", "audiooutput"]])
      this.#tell(key, "ready", devices.find((device) => device.kind === kind)?.label || "unknown");
  }

  close() {
    for (const stop of this.#running.values()) stop();
    this.#running.clear();
    this.#report = this.#keyValue = null;
  }

  startSpeaker() {
    this.stop("speaker");
    tones.want(this, "ringtone");
    this.#meter("speaker", tones.meter("ringtone"), () => tones.want(this, null));
  }

  async startMicrophone() {
    this.stop("mic");
    try {
      const track = await microphone.open(() => {});
      this.#meter("mic", track, () => microphone.close(track));
    } catch (error) {
      this.#tell("mic", 0, "mic error");
      this.#note(`microphone test: ${facts(error).message}`);
    }
  }

  /**
   * @param {string} name speaker or mic
   * @param {string} [response] what the user says: yes or no
   */
  stop(name, response) {
    this.#running.get(name)?.();
    this.#running.delete(name);
    if (response) this.#note(`${name} test: the user answers ${response}`);
  }

  async startNetwork() {
    const { phone } = this;
    this.#tell("wss", phone.isConnected() ? "connected" : "disconnected", phone.address());
    this.#tell("userReg", phone.isRegistered() ? "registered" : "unregistered", phone.userName());
    const found = await this.#gather(phone.iceServers());
    for (const [key, part] of [["tcp", / tcp /i], ["udp", / udp /i], ["host", / typ host/], ["srflx", / typ srflx/]]) {
      const line = found.find((candidate) => /** @type {RegExp} */ (part).test(candidate)) ?? "";
      this.#tell(/** @type {string} */ (key), line ? "connected" : "disconnected", line);
    }
  }

  /**
   * The ICE candidates that this network gives.
   * @param {RTCIceServer[]} iceServers
   * @returns {Promise<string[]>}
   */
  #gather(iceServers) {
    const pc = new RTCPeerConnection({ iceServers });
    /** @type {string[]} */
    const found = [];
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#running.delete("network");
        pc.close();
        resolve(found);
      };
      const timer = setTimeout(done, NETWORK_LIMIT_MS);
      this.#running.set("network", done);
      pc.onicecandidate = ({ candidate }) => (candidate ? found.push(candidate.candidate) : done());
      pc.createDataChannel("");
      pc.setLocalDescription().catch(done);
    });
  }

  /**
   * @param {string} name
   * @param {MediaStreamTrack | AnalyserNode} source
   * @param {() => void} end
   */
  #meter(name, source, end) {
    const meter = new Meter(source);
    const timer = setInterval(() => this.#tell(name, meter.level(), `${name} ok`), LEVEL_EVERY_MS);
    this.#note(`${name} test: started`);
    this.#running.set(name, () => {
      clearInterval(timer);
      end();
    });
  }

  /** @param {string} text */
  #note(text) {
    log.call("diagnosticsReportCallback", this.#report, "log", text);
  }

  /**
   * @param {string} key
   * @param {string | number} status
   * @param {string} description
   */
  #tell(key, status, description) {
    log.call("diagnosticsKeyValueCallback", this.#keyValue, key, status, description);
    if (typeof status === "string") this.#note(`${key}: ${status} ${description}`);
  }
}

/**
 * Name and version, as `Chrome/101.0.0.0`.
 * @param {string} agent
 */
export function browserOf(agent) {
  for (const [pattern, name] of BROWSERS) {
    const version = /** @type {RegExp} */ (pattern).exec(agent)?.[1];
    if (version) return `${name}/${version}`;
  }
  return agent;
}
