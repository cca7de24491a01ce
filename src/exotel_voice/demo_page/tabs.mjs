// @ts-check
/** The tabs and windows that share this phone. */

import { byId, el, icon } from "./dom.mjs";

/** @typedef {import("./phone.mjs").Phone} Phone */

export class Tabs {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.list = el("ul", { className: "tabs" });
    this.hint = el("p", { className: "hint" });
    byId("tabs").append(this.list, this.hint);
    phone.addEventListener("change", () => this.render());
    this.render();
  }

  render() {
    const tabs = this.phone.tabs;
    const text = JSON.stringify(tabs);
    if (this.list.dataset.text === text) return;
    this.list.dataset.text = text;
    this.list.replaceChildren(...tabs.map((tab, at) => this.row(tab, at)));
    this.hint.textContent = tabs.length > 1
      ? "All of them are one phone. The active tab rings; any tab can answer or take a call over."
      : "Open this page in a second tab: both are one phone, and a call outlives the tab that carried it.";
  }

  /**
   * @param {import("./phone.mjs").TabView} tab
   * @param {number} at
   */
  row(tab, at) {
    const marks = [];
    if (tab.isSelf) marks.push(el("span", { className: "tag" }, "this tab"));
    if (tab.isActive) marks.push(el("span", { className: "tag is-good" }, "active"));
    if (tab.call) marks.push(el("span", { className: "tag is-wait" }, "has the call"));
    return el("li", {}, icon("tab"), el("span", { className: "name" }, `Tab ${at + 1}`), ...marks);
  }
}
