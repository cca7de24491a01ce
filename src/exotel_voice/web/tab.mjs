// @ts-check
/** The tab's name: kept over a reload, and not shared with a tab that was duplicated from it. */

const TAB_KEY = "exotel-voice.tab";
/** @type {Storage | undefined} */
let storage;
/** @type {string | null | undefined} */
let tabName;
try {
  storage = globalThis.sessionStorage;
  tabName = storage?.getItem(TAB_KEY);
} catch {} // the user forbids storage
let clientCount = 0;

/** Gives the next client of this page its tab name. */
export function takeTabName() {
  tabName ||= newTabName();
  clientCount += 1;
  return clientCount === 1 ? tabName : `${tabName}#${clientCount}`;
}

/** Gives a client another name, because another tab has come with its own. */
export function newTabName() {
  // `randomUUID` is only there for secure pages
  return (tabName = crypto.getRandomValues(new Uint32Array(4)).join("-"));
}

// The name is in storage only while the page is on its way out, so a copy of a living tab finds none.
const forget = () => storage?.removeItem(TAB_KEY);
forget();
addEventListener("pageshow", forget);
addEventListener("pagehide", () => tabName && storage?.setItem(TAB_KEY, tabName));
