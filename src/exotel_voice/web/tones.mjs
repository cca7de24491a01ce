// @ts-check
import { sound } from "./sound.mjs";
/** @import {ToneName} from "./types.d.ts" */
/** @typedef {"ringtone" | "ringbacktone" | "beeptone"} EndlessTone */
/** @typedef {[hertz: number[], beat: number, cadence: number[]]} ToneShape as `toneSamples` takes it */

/** Low enough to be quick to make, high enough for every browser. */
const RATE_HZ = 22_050;
/** The samples of 5 ms: a tone that begins or ends at once would click. */
const EDGE = 110;
/** The ring is India's, 400 Hz times 25 Hz. @type {Record<EndlessTone, ToneShape>} */
const TONES = {
  ringtone: [[440, 554, 659], 10, [0.8, 0.25, 0.8, 2]],
  ringbacktone: [[400], 25, [0.4, 0.2, 0.4, 2]],
  beeptone: [[880], 0, [0.15, 0.1, 0.15, 3.6]],
};
const KEYS = "123A456B789C*0#D";
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477, 1633];

/** By tone or key. @type {Record<string, AudioBuffer>} */
const buffers = {};
/** @type {Partial<Record<ToneName, GainNode>>} */
const gains = {};
/** @type {Partial<Record<EndlessTone, AudioBufferSourceNode>>} */
const playing = {};
/** What each phone wants to sound. @type {Map<object, EndlessTone | null>} */
const wanted = new Map();

/** The sounds of all phones of a page, made here; nothing is loaded. */
export const tones = {
  /** @type {Record<ToneName, number>} */
  volumes: { ringtone: 1, ringbacktone: 1, dtmftone: 0.5, beeptone: 0.5 },

  /**
   * What a phone of the page wants to sound from now on; a tone that two want sounds once.
   * @param {object} phone
   * @param {EndlessTone | null} name
   */
  want(phone, name) {
    wanted.set(phone, name);
    const all = [...wanted.values()];
    for (const tone of /** @type {EndlessTone[]} */ (Object.keys(TONES)))
      if (all.includes(tone)) playing[tone] ??= start(tone, tone, TONES[tone]);
      else {
        playing[tone]?.stop();
        delete playing[tone];
      }
  },

  /** @param {string} digit */
  dtmf(digit) {
    const key = KEYS.indexOf(digit);
    if (key >= 0) start("dtmftone", digit, [[ROWS[key >> 2], COLUMNS[key & 3]], 0, [0.12]]);
  },

  /**
   * @param {ToneName} name
   * @param {number} value from 0 to 1
   */
  setVolume(name, value) {
    this.volumes[name] = value;
    if (gains[name]) gains[name].gain.value = value;
  },

  /** What a tone sounds through, to be measured. @param {ToneName} name */
  output(name) {
    if (gains[name]) return gains[name];
    const gain = (gains[name] = new GainNode(sound.context, { gain: this.volumes[name] }));
    gain.connect(sound.context.destination);
    return gain;
  },
};

/**
 * @param {ToneName} name
 * @param {string} key by which its samples are kept
 * @param {ToneShape} shape
 */
function start(name, key, shape) {
  const buffer = (buffers[key] ??= bufferOf(toneSamples(...shape)));
  const source = new AudioBufferSourceNode(sound.context, { buffer, loop: name in TONES });
  source.connect(tones.output(name));
  source.start();
  sound.wake();
  return source;
}

/** @param {number[]} samples */
function bufferOf(samples) {
  const buffer = sound.context.createBuffer(1, samples.length, RATE_HZ);
  buffer.getChannelData(0).set(samples);
  return buffer;
}

/**
 * One period of a tone, as samples from -1 to 1, with soft edges.
 * @param {number[]} hertz its frequencies
 * @param {number} beat how often a second it swells, in hertz; 0 for an even tone
 * @param {number[]} cadence seconds on, off, on, ...
 */
export function toneSamples(hertz, beat, cadence) {
  /** @type {number[]} */
  const samples = [];
  cadence.forEach((seconds, index) => {
    const length = Math.round(seconds * RATE_HZ);
    for (let at = 0; at < length; at += 1) {
      const turn = (2 * Math.PI * samples.length) / RATE_HZ;
      const soft = Math.min(1, at / EDGE, (length - at) / EDGE);
      const swell = 0.6 + 0.4 * Math.cos(turn * beat);
      const sum = hertz.reduce((level, one) => level + Math.sin(turn * one), 0) / hertz.length;
      samples.push(index % 2 ? 0 : 0.25 * soft * swell * sum);
    }
  });
  return samples;
}
