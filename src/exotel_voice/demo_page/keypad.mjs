// @ts-check
/** The twelve keys of a telephone, for dialling and for digits in a call. */

import { el } from "./dom.mjs";

/** @type {[string, string, string][]}  Key, what is written under it, what a screen reader says. */
const KEYS = [
  ["1", "", "1"], ["2", "ABC", "2"], ["3", "DEF", "3"],
  ["4", "GHI", "4"], ["5", "JKL", "5"], ["6", "MNO", "6"],
  ["7", "PQRS", "7"], ["8", "TUV", "8"], ["9", "WXYZ", "9"],
  ["*", "", "star"], ["0", "+", "0"], ["#", "", "hash"],
];

const DOWN_MS = 140;

export class Keypad {
  /**
   * @param {string} label  What the keys are for.
   * @param {(key: string) => void} press
   */
  constructor(label, press) {
    /** @type {Map<string, HTMLElement>} */
    this.keys = new Map();
    this.press = press;
    this.element = el("div", { className: "keys", role: "group", "aria-label": label });
    for (const [key, letters, said] of KEYS) {
      const node = el(
        "button",
        { type: "button", className: "key", "aria-label": said, onclick: () => press(key) },
        key,
        el("small", { "aria-hidden": "true" }, letters),
      );
      this.keys.set(key, node);
      this.element.append(node);
    }
  }

  /**
   * Press a key as if it were touched, for keys of the keyboard.
   * @param {string} key
   */
  touch(key) {
    const node = this.keys.get(key);
    node?.classList.add("is-down");
    setTimeout(() => node?.classList.remove("is-down"), DOWN_MS);
    this.press(key);
  }
}
