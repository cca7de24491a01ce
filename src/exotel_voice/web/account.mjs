// @ts-check
import { failure } from "./failure.mjs";
import { log } from "./log.mjs";
/** @import {AccountFacts} from "./types.d.ts" */

/** The guide's names (section 6) and those of the gateway; an empty one is known and left here. */
const ACCOUNT_KEYS = {
  userName: "user_name", authUser: "auth_user", sipdomain: "domain", domain: "host", displayname: "display_name",
  displayName: "display_name", secret: "secret", port: "port", security: "security", endpoint: "endpoint",
  accountSid: "", sipUri: "", contactHost: "",
};
/** What a page that brings its own secret has to bring too. */
const NEEDED_KEYS = ["userName", "sipdomain", "secret"];

/**
 * Reads the guide's `sipAccountInfo`; throws a `Failure` that names the key.
 * @param {unknown} info
 * @returns {AccountFacts | null}
 */
export function readAccount(info) {
  if (info === null || info === undefined) return null;
  if (typeof info !== "object") throw wrong("sipAccountInfo is no object.");
  /** @type {Record<string, any>} */
  const account = {};
  const unknown = [];
  for (const [key, value] of Object.entries(info)) {
    const name = /** @type {Record<string, string>} */ (ACCOUNT_KEYS)[key];
    if (name === undefined) unknown.push(key);
    else if (typeof value !== "string" && typeof value !== "number" && value != null) throw wrong(`${key} is no text.`);
    else if (name && value != null && value !== "") account[name] = name === "port" ? Number(value) : String(value);
  }
  if (unknown.length) log.write("warn", `initWebrtc(): unknown keys are ignored: ${unknown.join(", ")}`);
  for (const key of "secret" in info ? NEEDED_KEYS : [])
    if (!account[/** @type {Record<string, string>} */ (ACCOUNT_KEYS)[key]]) throw wrong(`${key} is missing or empty.`);
  if (account.secret) log.secrets.add(account.secret);
  const [host, port] = (account.host ?? "").split(":"); // the guide's domain is host:port
  if (port) Object.assign(account, { host, port: account.port ?? Number(port) });
  return account;
}

/** @param {string} what */
function wrong(what) {
  return failure("config", what, "Look at section 6 of the integration guide.");
}
