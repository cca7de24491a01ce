// @ts-check
import { sound } from "./sound.mjs";
/** @import {MediaStats} from "./types.d.ts" */

/**
 * Counters and measures of a connection's audio, the same in every browser.
 * @param {RTCPeerConnection} pc
 * @returns {Promise<MediaStats>}
 */
export async function readStats(pc) {
  /** @type {any[]} the browsers' own fields */
  const reports = [...(await pc.getStats()).values()];
  /** @param {string} type */
  const find = (type) => reports.find((report) => report.type === type && (report.kind ?? "audio") === "audio") ?? {};
  const [into, out, far, source] = ["inbound-rtp", "outbound-rtp", "remote-inbound-rtp", "media-source"].map(find);
  const pair = reports.find((report) => report.type === "candidate-pair" && report.nominated && report.state === "succeeded");
  const codec = reports.find((report) => report.id === (into.codecId ?? out.codecId));
  const roundTrip = far.roundTripTime ?? pair?.currentRoundTripTime;
  const heard = into.totalSamplesReceived || 0;
  return {
    codec: codec?.mimeType?.split("/")[1] ?? "",
    packets_sent: out.packetsSent ?? 0,
    packets_received: into.packetsReceived ?? 0,
    packets_lost: into.packetsLost ?? 0,
    bytes_sent: out.bytesSent ?? 0,
    bytes_received: into.bytesReceived ?? 0,
    jitter_ms: (into.jitter ?? 0) * 1000,
    round_trip_ms: roundTrip === undefined ? null : roundTrip * 1000,
    input_level: source.audioLevel ?? 0,
    output_level: into.audioLevel ?? 0,
    buffer_ms: into.jitterBufferEmittedCount ? (into.jitterBufferDelay / into.jitterBufferEmittedCount) * 1000 : 0,
    concealed_ms: heard ? ((into.concealedSamples ?? 0) / heard) * (into.totalSamplesDuration ?? 0) * 1000 : 0,
  };
}

/** @type {("packets_received" | "packets_lost" | "bytes_received" | "concealed_ms")[]} */
const RESTARTING = ["packets_received", "packets_lost", "bytes_received", "concealed_ms"];

/** Adds up what the browser counts from 0 again after a hold. */
export class Totals {
  /** @type {MediaStats | null} */ #last = null;
  /** @type {Record<string, number>} */ #before = {};

  /** @param {MediaStats} stats as the browser has them */
  add(stats) {
    const last = this.#last;
    const hasRestarted = last && stats.packets_received < last.packets_received;
    if (hasRestarted) for (const name of RESTARTING) this.#before[name] = (this.#before[name] ?? 0) + last[name];
    this.#last = stats;
    const total = { ...stats };
    for (const name of RESTARTING) total[name] += this.#before[name] ?? 0;
    return total;
  }
}

/** The level of a track or a tone at this moment. */
export class Meter {
  #samples = new Uint8Array(512);

  /** @param {MediaStreamTrack | AnalyserNode} source */
  constructor(source) {
    this.track = "kind" in source ? source : null;
    this.analyser = "kind" in source ? analyserOf(source) : source;
    this.analyser.fftSize = this.#samples.length;
  }

  /** Root mean square, 0 to 1. */
  level() {
    this.analyser.getByteTimeDomainData(this.#samples);
    const sum = this.#samples.reduce((total, sample) => total + ((sample - 128) / 128) ** 2, 0);
    return Math.sqrt(sum / this.#samples.length);
  }
}

/** @param {MediaStreamTrack} track */
function analyserOf(track) {
  const analyser = sound.context.createAnalyser();
  sound.context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  void sound.wake();
  return analyser;
}
