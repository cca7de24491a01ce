// @ts-check
/** The top of the page: who you are, whether you are registered, and notices. */

import { byId, el, icon, setText } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */

const NOTICE_MS = 12_000;
const MOST_NOTICES = 3;

export class Header {
  /**
   * @param {Phone} phone
   * @param {string[]} people  Who the page can be.
   */
  constructor(phone, people) {
    this.phone = phone;
    this.pill = byId("registration");
    this.text = byId("registration-text");
    this.toggle = byId("register");
    this.notices = byId("notices");
    byId("people").append(
      ...people.map((name) =>
        el("a", { href: `/${name}/`, "aria-current": name === phone.user ? "page" : undefined }, name),
      ),
    );
    this.toggle.addEventListener("click", () => this.act());
    phone.addEventListener("change", () => this.render());
    phone.addEventListener("notice", (event) => this.notice(/** @type {CustomEvent} */ (event).detail));
    this.render();
  }

  /** Whether the phone is registered or on its way; a refusal waits for the user. */
  get isOn() {
    return this.phone.isWanted && this.phone.registration.state !== "terminated";
  }

  act() {
    if (this.isOn) this.phone.unregister();
    else this.phone.register();
  }

  render() {
    const { words, colour } = this.words();
    setText(this.text, words);
    this.pill.className = `pill ${colour}`;
    setText(this.toggle, this.isOn ? "Unregister" : "Register");
    this.toggle.disabled = !this.phone.isAttached;
  }

  words() {
    const { user, registration, connection, isAttached, isWanted } = this.phone;
    if (connection === "refused") return { words: "refused by the server", colour: "is-bad" };
    if (!isAttached) return { words: "connecting", colour: "is-wait" };
    if (registration.state === "terminated") return { words: "registration refused", colour: "is-bad" };
    if (!isWanted) return { words: "not registered", colour: "" };
    if (connection === "connecting") return { words: "connecting", colour: "is-wait" };
    if (connection !== "connected") return { words: "offline, reconnecting", colour: "is-bad" };
    if (registration.state === "registered") return { words: `registered as ${user}`, colour: "is-good" };
    return { words: "registering", colour: "is-wait" };
  }

  /** @param {{level: string, text: string, hint?: string}} what */
  notice({ level, text, hint }) {
    const close = el(
      "button",
      { type: "button", className: "button bare", "aria-label": "Close this notice", onclick: () => node.remove() },
      icon("close"),
    );
    const words = hint ? `${text} ${hint}` : text;
    for (const shown of [...this.notices.children]) if (shown.textContent === words) shown.remove();
    const node = el("div", { className: `notice ${level}` }, el("p", {}, words), close);
    this.notices.append(node);
    while (this.notices.childElementCount > MOST_NOTICES) this.notices.firstElementChild?.remove();
    if (level === "bad") return; // stays until it is closed
    setTimeout(() => {
      if (!node.contains(document.activeElement)) node.remove();
    }, NOTICE_MS);
  }
}
