// @ts-check
/** The tab's name: kept over a reload, and not shared with a tab that was duplicated from it. */

const TAB_KEY = "exotel-voice.tab";
let tabName = keptName() ?? newTabName();
let clientCount = 0;

/** @returns {Storage | null} */
function tabStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null; // the user forbids storage
  }
}

function keptName() {
  const name = tabStorage()?.getItem(TAB_KEY);
  tabStorage()?.removeItem(TAB_KEY);
  return name;
}

function newTabName() {
  // `randomUUID` is only there for secure pages
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Gives the next client of this page its tab name. */
export function takeTabName() {
  clientCount += 1;
  return clientCount === 1 ? tabName : `${tabName}#${clientCount}`;
}

/** Gives a client another name, because another tab has come with its own. */
export function replaceTabName() {
  return (tabName = newTabName());
}

// The name is in storage only while the page is on its way out, so a copy of a living tab finds none.
globalThis.addEventListener?.("pagehide", () => tabStorage()?.setItem(TAB_KEY, tabName));
globalThis.addEventListener?.("pageshow", () => tabStorage()?.removeItem(TAB_KEY));
