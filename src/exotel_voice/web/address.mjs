// @ts-check
/** Where the gateway is: beside the script that the page loaded. */

/** The address of this script. In the classic script `document.currentScript.src` stands here. */
export const moduleAddress = import.meta.url;

/**
 * The gateway's WebSocket, for a script that was loaded from this address.
 * @param {string} script
 */
export function socketAddress(script) {
  const url = new URL("ws", script);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  return url.href;
}
