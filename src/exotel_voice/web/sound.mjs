// @ts-check
import { log } from "./log.mjs";

/** What the page sounds through: one audio context and one output device, and leave to be heard. */
export class Sound {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {Set<HTMLAudioElement>} */ #players = new Set();
  /** @type {Set<() => void>} */ #silenced = new Set();
  /** Told when the browser begins to forbid sound, and when it no longer does. @type {Set<(isBlocked: boolean) => void>} */
  listeners = new Set();
  deviceId = "";

  /** The context, made when it is first needed; it may be waiting for the user. */
  get context() {
    return (this.#context ??= new AudioContext());
  }

  /** Lets the context run, now or at the user's next touch. */
  async wake() {
    const context = this.context;
    if (!isAsleep(context)) return;
    const awake = context.resume();
    await Promise.race([awake, new Promise((done) => setTimeout(done, 300))]);
    if (isAsleep(context)) this.#wait(() => void context.resume());
  }

  /** @param {HTMLAudioElement} player */
  async add(player) {
    this.#players.add(player);
    try {
      if (this.deviceId) await player.setSinkId(this.deviceId);
    } catch (error) {
      log.write("warn", `the chosen speaker cannot be used: ${/** @type {Error} */ (error).message}`);
    }
    try {
      await player.play();
    } catch (error) {
      if (/** @type {Error} */ (error).name === "NotAllowedError") this.#wait(() => void player.play());
    }
  }

  /** @param {HTMLAudioElement} player */
  remove(player) {
    player.pause();
    player.srcObject = null;
    this.#players.delete(player);
  }

  /**
   * Takes another output device for all that sounds. Throws where the browser or the device refuses.
   * @param {string} deviceId
   */
  async change(deviceId) {
    const players = this.#players.size ? [...this.#players] : [new Audio()];
    if (!players[0].setSinkId) throw new Error("this browser plays only through its default speaker");
    await Promise.all(players.map((player) => player.setSinkId(deviceId)));
    this.deviceId = deviceId;
    /** @type {any} Chromium only */
    const context = this.#context;
    await context?.setSinkId?.(deviceId);
  }

  /**
   * The browser lets nothing be heard before the user touches the page: try again then.
   * @param {() => void} again
   */
  #wait(again) {
    this.#silenced.add(again);
    if (this.#silenced.size > 1) return;
    log.write("warn", "the browser forbids sound until the user clicks in the page");
    for (const listener of this.listeners) listener(true);
    const kinds = ["click", "keydown", "touchend"];
    const touched = () => {
      for (const kind of kinds) document.removeEventListener(kind, touched, true);
      for (const retry of this.#silenced) retry();
      this.#silenced.clear();
      for (const listener of this.listeners) listener(false);
    };
    for (const kind of kinds) document.addEventListener(kind, touched, true);
  }
}

/** @param {AudioContext} context */
function isAsleep(context) {
  return context.state !== "running";
}

/** One for all phones of a page. */
export const sound = new Sound();
