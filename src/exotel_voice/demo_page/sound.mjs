// @ts-check
/** Microphone, loudspeaker, volumes, and meters of what is said and heard. */

import { byId, el, setText } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */

const METER_MS = 150;
const FLOOR_DB = -60;
const HOT = 0.97;

/** A bar from silence to full scale, on a scale of decibels as the ear has. */
export class Meter {
  /** @param {string} label */
  constructor(label) {
    this.element = el(
      "div",
      { className: "meter", role: "meter", "aria-label": label, "aria-valuemin": "-60", "aria-valuemax": "0" },
      el("i"),
    );
    this.show(0);
  }

  /** @param {number} level  0 to 1, of full scale. */
  show(level) {
    const decibels = Math.max(FLOOR_DB, 20 * Math.log10(level || 1e-6));
    const share = 1 - decibels / FLOOR_DB;
    this.element.style.setProperty("--level", share.toFixed(3));
    this.element.classList.toggle("is-hot", share > HOT);
    this.element.setAttribute("aria-valuenow", decibels.toFixed(0));
    this.element.setAttribute("aria-valuetext", share <= 0 ? "silence" : `${decibels.toFixed(0)} dB`);
  }
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 * @param {HTMLElement|null} [value]
 */
function setting(label, control, value = null) {
  control.id ||= `setting-${label.toLowerCase().replaceAll(" ", "-")}`;
  const name = el("label", { htmlFor: control.id }, label);
  if (value) name.append(value);
  return el("div", { className: "setting" }, name, control);
}

export class Sound {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.input = el("select", { onchange: () => void phone.useInput(this.input.value) });
    this.output = el("select", { onchange: () => void phone.useOutput(this.output.value) });
    this.said = new Meter("Level of your microphone");
    this.heard = new Meter("Level of the far side");
    this.noise = el("input", { type: "checkbox", id: "noise", checked: true, onchange: () => phone.setNoiseSuppression(this.noise.checked) });
    byId("sound").append(
      setting("Microphone", this.input),
      setting("Loudspeaker", this.output),
      el("div", { className: "pair" }, this.metered("You", this.said), this.metered("Far side", this.heard)),
      el(
        "div",
        { className: "pair" },
        this.volume("Call volume", phone.callVolume, (value) => phone.setCallVolume(value)),
        this.volume("Ring volume", phone.ringVolume, (value) => phone.setRingVolume(value)),
      ),
      el("div", { className: "check" }, this.noise, el("label", { htmlFor: "noise" }, "Suppress noise of the microphone")),
    );
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.listDevices());
    phone.addEventListener("devices", () => void this.listDevices());
    setInterval(() => void this.measure(), METER_MS);
    void this.listDevices();
  }

  /**
   * @param {string} name
   * @param {Meter} meter
   */
  metered(name, meter) {
    return el("div", { className: "setting" }, el("span", { className: "name" }, name), meter.element);
  }

  /**
   * @param {string} label
   * @param {number} value
   * @param {(value: number) => void} change
   */
  volume(label, value, change) {
    const shown = el("output", {}, `${Math.round(value * 100)} %`);
    const control = el("input", { type: "range", min: "0", max: "100", value: String(Math.round(value * 100)) });
    control.addEventListener("input", () => {
      setText(shown, `${control.value} %`);
      change(Number(control.value) / 100);
    });
    return setting(label, control, shown);
  }

  async listDevices() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    this.fill(this.input, all.filter((each) => each.kind === "audioinput"), "Microphone");
    this.fill(this.output, all.filter((each) => each.kind === "audiooutput"), "Loudspeaker");
  }

  /**
   * @param {HTMLSelectElement} list
   * @param {MediaDeviceInfo[]} devices
   * @param {string} what
   */
  fill(list, devices, what) {
    const chosen = list.value;
    const named = devices.filter((each) => each.deviceId);
    const options = named.map((each, at) => el("option", { value: each.deviceId }, each.label || `${what} ${at + 1}`));
    if (!options.length) {
      const text = devices.length ? "named after the first call" : "none found";
      options.push(el("option", { value: "" }, text));
    }
    list.replaceChildren(...options);
    list.disabled = !named.length;
    if (named.some((each) => each.deviceId === chosen)) list.value = chosen;
  }

  async measure() {
    if (document.hidden) return;
    const { input, output } = await this.phone.levels();
    this.said.show(input);
    this.heard.show(output);
  }
}
