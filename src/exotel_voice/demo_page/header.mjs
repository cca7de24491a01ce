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

  act() {
    if (this.phone.isRegistered) void this.phone.unregister();
    else void this.phone.register();
  }

  render() {
    const { words, colour } = this.words();
    setText(this.text, words);
    this.pill.className = `pill ${colour}`;
    setText(this.toggle, this.phone.isRegistered ? "Unregister" : "Register");
    this.toggle.disabled = !this.phone.isAttached || this.phone.connection !== "connected";
  }

  words() {
    const { user, registration, connection, isAttached } = this.phone;
    if (connection === "refused") return { words: "refused by the server", colour: "is-bad" };
    if (!isAttached) return { words: "connecting", colour: "is-wait" };
    if (connection === "connecting") return { words: "connecting", colour: "is-wait" };
    if (connection !== "connected") return { words: "offline, reconnecting", colour: "is-bad" };
    switch (registration.state) {
      case "registered": return { words: `registered as ${user}`, colour: "is-good" };
      case "sent_request": return { words: "registering", colour: "is-wait" };
      case "terminated": return { words: "registration refused", colour: "is-bad" };
      default: return { words: "not registered", colour: "" };
    }
  }

  /** @param {{level: string, text: string, hint?: string}} what */
  notice({ level, text, hint }) {
    const close = el(
      "button",
      { type: "button", className: "button bare", "aria-label": "Close this notice", onclick: () => node.remove() },
      icon("close"),
    );
    const node = el("div", { className: `notice ${level}` }, el("p", {}, text, hint ? ` ${hint}` : ""), close);
    this.notices.append(node);
    while (this.notices.childElementCount > MOST_NOTICES) this.notices.firstElementChild?.remove();
    setTimeout(() => {
      if (!node.contains(document.activeElement)) node.remove();
    }, NOTICE_MS);
  }
}
