// @ts-check

/**
 * The gateway's WebSocket, for a script that was loaded from this address: it is beside the script.
 * @param {string} script
 */
export function socketAddress(script) {
  return new URL("ws", script).href.replace(/^http/, "ws");
}

/** For this script. In the classic script `document.currentScript.src` stands here. */
export const gatewayAddress = socketAddress(import.meta.url);
