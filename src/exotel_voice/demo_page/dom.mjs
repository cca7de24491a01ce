// @ts-check
/** Small tools to make and change elements; every view is built with them. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. Properties that start with `on` are listeners; names with a
 * dash, names that the element does not know, and `list` are attributes; the rest are properties.
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node|string|null)} children
 * @returns {any}
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {any} */ (value));
    else if (name in node && !name.includes("-") && name !== "list") /** @type {any} */ (node)[name] = value;
    else node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Record<string, string|number>} attributes
 * @param {...Node} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** @param {string} name  One of the symbols in index.html, without `icon-`. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#icon-${name}` }));
}

/**
 * Make a button with an icon and a label.
 * @param {string} symbol
 * @param {string} label
 * @param {() => void} act
 * @param {string} [look]  Further classes.
 * @returns {HTMLButtonElement}
 */
export function button(symbol, label, act, look = "") {
  const text = el("span", { className: "label" }, label);
  return el("button", { type: "button", className: `button ${look}`, onclick: act }, icon(symbol), text);
}

/**
 * Change what a button of `button()` shows and says, and whether it looks switched on.
 * @param {HTMLButtonElement} node
 * @param {string} symbol
 * @param {string} label
 * @param {boolean} [isOn]
 */
export function relabel(node, symbol, label, isOn = false) {
  setText(/** @type {HTMLElement} */ (node.querySelector(".label")), label);
  const use = /** @type {SVGElement} */ (node.querySelector("use"));
  if (use.getAttribute("href") !== `#icon-${symbol}`) use.setAttribute("href", `#icon-${symbol}`);
  node.classList.toggle("is-on", isOn);
}

/**
 * Set a text only when it differs, so that a screen reader does not say it again.
 * @param {HTMLElement} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * The element of the page with this id.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no element #${id}`);
  return node;
}

/**
 * A duration as 1:05 or 1:02:03.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/**
 * A moment as the reader's own clock shows it.
 * @param {number} at  Milliseconds since the epoch.
 */
export function timeOfDay(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

/**
 * Save a text as a file.
 * @param {string} name
 * @param {string} text
 */
export function saveFile(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  el("a", { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}
