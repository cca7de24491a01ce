// @ts-check
import { sound } from "./sound.mjs";
/** @import {MediaStats} from "./types.d.ts" */

/**
 * Counters and measures of a connection's audio, the same in every browser.
 * @param {RTCPeerConnection} pc
 * @returns {Promise<MediaStats>}
 */
export async function readStats(pc) {
  const found = await pc.getStats();
  /** @type {any[]} the browsers' own fields */
  const reports = [...found.values()];
  /** @param {string} name */
  const find = (name) => reports.find(({ type, kind }) => type === name && kind !== "video") ?? {};
  const [into, out, far, source] = ["inbound-rtp", "outbound-rtp", "remote-inbound-rtp", "media-source"].map(find);
  const path = reports.find(({ nominated, state }) => nominated && state === "succeeded");
  const roundTrip = (far.roundTripTime ?? path?.currentRoundTripTime) * 1000;
  /** @type {any} */
  const stats = {
    packets_sent: out.packetsSent,
    packets_received: into.packetsReceived,
    packets_lost: into.packetsLost,
    bytes_sent: out.bytesSent,
    bytes_received: into.bytesReceived,
    jitter_ms: into.jitter * 1000,
    input_level: source.audioLevel,
    output_level: into.audioLevel,
    buffer_ms: (into.jitterBufferDelay / into.jitterBufferEmittedCount) * 1000,
    concealed_ms: (into.concealedSamples / into.totalSamplesReceived) * into.totalSamplesDuration * 1000,
  };
  for (const name in stats) stats[name] ||= 0; // where the browser has no number
  stats.codec = found.get(into.codecId ?? out.codecId)?.mimeType.split("/")[1] ?? "";
  stats.round_trip_ms = roundTrip >= 0 ? roundTrip : null;
  return stats;
}

/** Adds up what the browser counts from 0 again after a hold. */
export class Totals {
  /** @type {Record<string, number>} */
  #before = { packets_received: 0, packets_lost: 0, bytes_received: 0, concealed_ms: 0 };
  /** @type {any} */
  #last = {};

  /**
   * @param {MediaStats} stats as the browser has them
   * @returns {MediaStats}
   */
  add(stats) {
    /** @type {any} */
    const total = { ...stats };
    for (const name in this.#before) {
      if (stats.packets_received < this.#last.packets_received) this.#before[name] += this.#last[name];
      total[name] += this.#before[name];
    }
    this.#last = stats;
    return total;
  }
}

const samples = new Float32Array(512);

/** The level of a track, or of a node that sounds, at this moment. */
export class Meter {
  #analyser = new AnalyserNode(sound.context);

  /** @param {MediaStreamTrack | AudioNode} track */
  constructor(track) {
    this.track = track;
    const node = track instanceof AudioNode ? track : sound.context.createMediaStreamSource(new MediaStream([track]));
    node.connect(this.#analyser);
    sound.wake();
  }

  /** Root mean square, 0 to 1. */
  level() {
    this.#analyser.getFloatTimeDomainData(samples);
    return Math.hypot(...samples) / Math.sqrt(samples.length);
  }
}
