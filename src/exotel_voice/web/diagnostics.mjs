// @ts-check
import { log } from "./log.mjs";
import { devicesOf, microphone } from "./microphone.mjs";
import { makeMeter } from "./stats.mjs";
import { tones } from "./tones.mjs";
/** @import {Core} from "./types.d.ts" */

/** The tests of guide 5.11 for one phone: speaker, microphone, network. @param {Core} core */
export function diagnosticMethods(core) {
  /** @type {Function | null} */ let onReport;
  /** @type {Function | null} */ let onKeyValue;
  /** What stops the test of this name. @type {Record<string, () => void>} */
  const running = {};

  /**
   * @param {string} name speaker, mic or network
   * @param {string} [response] what the user says: yes or no
   */
  function stop(name, response) {
    running[name]?.();
    delete running[name];
    if (response) note(`${name} test: the user answers ${response}`);
  }

  /**
   * @param {string} name
   * @param {MediaStreamTrack | AudioNode} source
   * @param {() => void} end
   */
  function measure(name, source, end) {
    running[name]?.();
    const meter = makeMeter(source);
    const timer = setInterval(() => tell(name, meter.level(), `${name} ok`), 100);
    running[name] = () => {
      clearInterval(timer);
      end();
    };
  }

  /** @param {string} text */
  const note = (text) => log.call("diagnosticsReportCallback", onReport, "log", text);

  /**
   * @param {string} key
   * @param {string | number} status
   * @param {string} description
   */
  function tell(key, status, description) {
    log.call("diagnosticsKeyValueCallback", onKeyValue, key, status, description);
    if (typeof status === "string") note(`${key}: ${status} ${description}`);
  }

  return {
    /**
     * @param {Function} report
     * @param {Function} keyValue
     */
    async initDiagnostics(report, keyValue) {
      onReport = report;
      onKeyValue = keyValue;
      tell("browserVersion", "ready", browserOf(navigator.userAgent));
      tell("micInfo", "ready", await labelOf("audioinput"));
      tell("speakerInfo", "ready", await labelOf("audiooutput"));
    },

    closeDiagnostics() {
      for (const name in running) stop(name);
      onReport = onKeyValue = null;
    },

    startSpeakerDiagnosticsTest() {
      measure("speaker", tones.output("ringtone"), () => tones.want(running, null));
      tones.want(running, "ringtone");
    },
    /** @param {string} [response] */
    stopSpeakerDiagnosticsTest: (response) => stop("speaker", response),

    async startMicDiagnosticsTest() {
      running.mic ??= () => {}; // it may be stopped while the user is asked
      try {
        const track = await microphone.open(() => {});
        if (running.mic) measure("mic", track, () => microphone.close(track));
        else microphone.close(track);
      } catch (error) {
        tell("mic", 0, "mic error");
        note(`mic test: ${error}`);
      }
    },
    /** @param {string} [response] */
    stopMicDiagnosticsTest: (response) => stop("mic", response),

    startNetworkDiagnostics() {
      stop("network");
      const { iceServers, isAttached, address } = core.link;
      tell("wss", isAttached && core.line === "connected" ? "connected" : "disconnected", address);
      tell("userReg", core.registration.state === "registered" ? "registered" : "unregistered", core.userName);
      const pc = new RTCPeerConnection({ iceServers });
      /** @type {RTCIceCandidate[]} */
      const found = [];
      const finish = () => {
        stop("network");
        for (const key of ["tcp", "udp", "host", "srflx"]) {
          const line = found.find(({ protocol, type }) => key === protocol || key === type)?.candidate;
          tell(key, line ? "connected" : "disconnected", line ?? "");
        }
      };
      const timer = setTimeout(finish, 5000);
      running.network = () => {
        clearTimeout(timer);
        pc.close();
      };
      pc.onicecandidate = ({ candidate }) => (candidate ? found.push(candidate) : finish());
      pc.createDataChannel("");
      pc.setLocalDescription().catch(() => {}); // it was stopped
    },
    stopNetworkDiagnostics: () => stop("network"),
  };
}

/** @param {MediaDeviceKind} kind */
const labelOf = async (kind) => (await devicesOf(kind).catch(() => []))[0]?.label || "unknown";

/**
 * Name and version, as `Chrome/101.0.0.0`. What a browser is really stands last, before its like.
 * @param {string} agent
 */
export function browserOf(agent) {
  const [, mark, version] = /.*(Edg|Firefox|Chrome|Version)\/([\d.]+)/.exec(agent) ?? [];
  const name = { Edg: "Edge", Version: "Safari" }[mark] ?? mark;
  return version ? `${name}/${version}` : agent;
}
