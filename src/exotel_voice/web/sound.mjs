// @ts-check
import { log } from "./log.mjs";

/** Made when it is first needed. @type {AudioContext & {setSinkId?: (deviceId: string) => Promise<void>} | undefined} */
let context;
/** @type {Set<HTMLAudioElement>} */
const players = new Set();
let isBlocked = false;

/** What a page sounds through: one audio context and one output device for all its phones, and leave to be heard. */
export const sound = {
  /** Told when the browser begins to forbid sound, and when it no longer does. @type {Set<(isBlocked: boolean) => void>} */
  listeners: new Set(),
  deviceId: "",

  /** @returns {AudioContext} */
  get context() {
    return (context ??= new AudioContext());
  },

  /** Lets the context run, now or at the user's next touch. */
  wake() {
    this.context.resume();
    setTimeout(() => this.context.state !== "running" && block(true), 300);
  },

  /** @param {HTMLAudioElement} player */
  async add(player) {
    players.add(player);
    if (this.deviceId)
      await player.setSinkId(this.deviceId)
        .catch(({ message }) => log.write("warn", `the chosen speaker cannot be used: ${message}`));
    await player.play().catch(({ name }) => name === "NotAllowedError" && block(true));
  },

  /** @param {HTMLAudioElement} player */
  remove(player) {
    player.srcObject = null;
    players.delete(player);
  },

  /**
   * Takes another output device for all that sounds. Throws where the browser or the device refuses.
   * @param {string} deviceId
   */
  async change(deviceId) {
    const outputs = [new Audio(), ...players];
    if (!outputs[0].setSinkId) throw new Error("this browser plays only through its default speaker");
    await Promise.all(outputs.map((player) => player.setSinkId(deviceId)));
    this.deviceId = deviceId;
    await context?.setSinkId?.(deviceId); // Chromium only
  },
};

/**
 * The browser lets nothing be heard before the user touches the page: try again then.
 * @param {boolean} isNow
 */
function block(isNow) {
  if (isNow === isBlocked) return;
  isBlocked = isNow;
  if (isNow) {
    log.write("warn", "the browser forbids sound until the user clicks in the page");
    for (const kind of ["click", "keydown", "touchend"]) document.addEventListener(kind, unblock, true);
  }
  sound.listeners.forEach((listener) => listener(isNow));
}

function unblock() {
  context?.resume();
  players.forEach((player) => player.play());
  block(false);
}
