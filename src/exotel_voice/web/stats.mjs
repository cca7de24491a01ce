// @ts-check
import { sound } from "./sound.mjs";
/** @import {MediaStats} from "./types.d.ts" */

/**
 * Gives what reads the counters and measures of a connection's audio: the same in every browser, and
 * added up where the browser counts from 0 again after a hold.
 * @param {RTCPeerConnection} pc
 */
export function makeStats(pc) {
  /** @type {Record<string, number>} */
  const before = { packets_received: 0, packets_lost: 0, bytes_received: 0, concealed_ms: 0 };
  /** @type {any} */
  let last = {};

  /** @returns {Promise<MediaStats>} */
  return async () => {
    const found = await pc.getStats();
    /** @type {any[]} the browsers' own fields */
    const reports = [...found.values()];
    /** @param {string} name */
    const find = (name) => reports.find(({ type }) => type === name) ?? {};
    const [into, out, far, source] = ["inbound-rtp", "outbound-rtp", "remote-inbound-rtp", "media-source"].map(find);
    const path = reports.find(({ nominated, state }) => nominated && state === "succeeded");
    const roundTrip = (far.roundTripTime ?? path?.currentRoundTripTime) * 1000;
    /** @type {any} */
    const now = {
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
    for (const name in now) now[name] ||= 0; // where the browser has no number
    const stats = {
      ...now,
      codec: found.get(into.codecId ?? out.codecId)?.mimeType.split("/")[1] ?? "",
      round_trip_ms: roundTrip >= 0 ? roundTrip : null,
    };
    for (const name in before) {
      if (now.packets_received < last.packets_received) before[name] += last[name];
      stats[name] += before[name];
    }
    last = now;
    return stats;
  };
}

const samples = new Float32Array(512);

/** The level of a track, or of a node that sounds, at this moment. @param {MediaStreamTrack | AudioNode} track */
export function makeMeter(track) {
  const { context } = sound;
  const analyser = new AnalyserNode(context);
  const node = track instanceof AudioNode ? track : context.createMediaStreamSource(new MediaStream([track]));
  node.connect(analyser);
  sound.wake();
  return {
    track,
    /** Root mean square, 0 to 1. */
    level() {
      analyser.getFloatTimeDomainData(samples);
      return Math.hypot(...samples) / Math.sqrt(samples.length);
    },
  };
}
