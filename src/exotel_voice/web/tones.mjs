// @ts-check
import { sound } from "./sound.mjs";
/** @import {ToneName} from "./types.d.ts" */

/** Low enough to be quick to make, high enough for every browser. */
const TONE_RATE_HZ = 22_050;
const TONE_AMPLITUDE = 0.25;
/** Each tone: its frequencies, then seconds on and off in turn. The ring is India's, 400 Hz times 25 Hz. */
const TONES = {
  ringtone: { hertz: [440, 554, 659], beat: 10, cadence: [0.8, 0.25, 0.8, 2] },
  ringbacktone: { hertz: [400], beat: 25, cadence: [0.4, 0.2, 0.4, 2] },
  beeptone: { hertz: [880], beat: 0, cadence: [0.15, 0.1, 0.15, 3.6] },
};
const DTMF_ROWS = [697, 770, 852, 941];
const DTMF_COLUMNS = [1209, 1336, 1477, 1633];
const DTMF_KEYS = "123A456B789C*0#D";
const DTMF_SECONDS = 0.12;

/** The sounds of a phone, made here; nothing is loaded. */
export class Tones {
  /** @type {Map<string, AudioBuffer>} */ #made = new Map();
  /** @type {Map<ToneName, GainNode>} */ #gains = new Map();
  /** @type {Map<keyof typeof TONES, AudioBufferSourceNode>} */ #playing = new Map();
  /** @type {Map<object, keyof typeof TONES>} */ #wanted = new Map();
  /** @type {Record<ToneName, number>} */
  volumes = { ringtone: 1, ringbacktone: 1, dtmftone: 0.5, beeptone: 0.5 };

  /**
   * What a phone of the page wants to sound from now on; a tone that two want sounds once.
   * @param {object} phone
   * @param {"ringtone" | "ringbacktone" | "beeptone" | null} name
   */
  want(phone, name) {
    if (name) this.#wanted.set(phone, name);
    else this.#wanted.delete(phone);
    const wanted = new Set(this.#wanted.values());
    for (const [old, source] of this.#playing) {
      if (wanted.has(old)) continue;
      source.stop();
      this.#playing.delete(old);
    }
    for (const tone of wanted) {
      const { hertz, beat, cadence } = TONES[tone];
      if (!this.#playing.has(tone))
        this.#playing.set(tone, this.#start(tone, tone, () => toneSamples(hertz, beat, cadence), true));
    }
  }

  /** @param {string} digit */
  dtmf(digit) {
    const key = DTMF_KEYS.indexOf(digit);
    if (key < 0) return;
    const hertz = [DTMF_ROWS[key >> 2], DTMF_COLUMNS[key & 3]];
    this.#start("dtmftone", digit, () => toneSamples(hertz, 0, [DTMF_SECONDS, 0]), false);
  }

  /**
   * @param {ToneName} name
   * @param {number} value from 0 to 1
   */
  setVolume(name, value) {
    this.volumes[name] = value;
    const gain = this.#gains.get(name);
    if (gain) gain.gain.value = value;
  }

  /** A meter on one of the tones. @param {ToneName} name */
  meter(name) {
    const analyser = sound.context.createAnalyser();
    this.#gain(name).connect(analyser);
    return analyser;
  }

  /** @param {ToneName} name */
  #gain(name) {
    let gain = this.#gains.get(name);
    if (!gain) {
      gain = sound.context.createGain();
      gain.gain.value = this.volumes[name];
      gain.connect(sound.context.destination);
      this.#gains.set(name, gain);
    }
    return gain;
  }

  /**
   * @param {ToneName} name
   * @param {string} key
   * @param {() => Float32Array} make
   * @param {boolean} isEndless
   */
  #start(name, key, make, isEndless) {
    const context = sound.context;
    let buffer = this.#made.get(key);
    if (!buffer) {
      const samples = make();
      buffer = context.createBuffer(1, samples.length, TONE_RATE_HZ);
      buffer.getChannelData(0).set(samples);
      this.#made.set(key, buffer);
    }
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.loop = isEndless;
    source.connect(this.#gain(name));
    source.start();
    void sound.wake();
    return source;
  }
}

/**
 * One period of a tone, as samples from -1 to 1, with soft edges.
 * @param {number[]} hertz
 * @param {number} beat how often a second it swells, in hertz; 0 for an even tone
 * @param {number[]} cadence seconds on, off, on, ...
 */
export function toneSamples(hertz, beat, cadence) {
  const samples = new Float32Array(Math.round(cadence.reduce((a, b) => a + b) * TONE_RATE_HZ));
  const edge = 0.005 * TONE_RATE_HZ;
  let start = 0;
  cadence.forEach((seconds, index) => {
    const length = Math.round(seconds * TONE_RATE_HZ);
    for (let at = 0; index % 2 === 0 && at < length && start + at < samples.length; at += 1) {
      const turn = (2 * Math.PI * (start + at)) / TONE_RATE_HZ;
      const swell = beat ? 0.6 + 0.4 * Math.cos(turn * beat) : 1;
      const soft = Math.min(1, at / edge, (length - at) / edge);
      const sum = hertz.reduce((level, one) => level + Math.sin(turn * one), 0) / hertz.length;
      samples[start + at] = TONE_AMPLITUDE * soft * swell * sum;
    }
    start += length;
  });
  return samples;
}

/** One set of tones for all phones of a page. */
export const tones = new Tones();
