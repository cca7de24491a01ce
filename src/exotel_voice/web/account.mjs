// @ts-check
import { failure } from "./failure.mjs";
import { log } from "./log.mjs";
/** @import {AccountFacts} from "./types.d.ts" */

/** The guide's names (section 6) and those of the gateway; an empty one is known and left here. @type {Record<string, string>} */
const ACCOUNT_KEYS = {
  userName: "user_name", authUser: "auth_user", sipdomain: "domain", domain: "host", displayname: "display_name",
  displayName: "display_name", secret: "secret", port: "port", security: "security", endpoint: "endpoint",
  accountSid: "", sipUri: "", contactHost: "",
};

/**
 * Reads the guide's `sipAccountInfo`; throws a `Failure` that names the key.
 * @param {any} info
 * @returns {AccountFacts | null}
 */
export function readAccount(info) {
  if (info == null) return null;
  if (typeof info !== "object") throw wrong("sipAccountInfo is no object.");
  /** @type {Record<string, any>} */
  const account = {};
  const unknown = [];
  for (const [key, value] of Object.entries(info)) {
    const name = ACCOUNT_KEYS[key];
    if (name === undefined) unknown.push(key);
    else if (value && typeof value === "object") throw wrong(`${key} is no text.`);
    else if (name && value) account[name] = `${value}`;
  }
  if (unknown.length) log.write("warn", `initWebrtc(): unknown keys are ignored: ${unknown.join(", ")}`);
  // what a page that brings its own secret has to bring too
  for (const key of "secret" in info ? ["userName", "sipdomain", "secret"] : [])
    if (!account[ACCOUNT_KEYS[key]]) throw wrong(`${key} is missing or empty.`);
  if (account.secret) log.secrets.add(account.secret);
  const [host, port] = (account.host ?? "").split(":"); // the guide's domain is host:port
  if (port) account.host = host;
  account.port = Number(account.port ?? port) || undefined;
  return account;
}

/** @param {string} what */
export function wrong(what) {
  return failure("config", what, "Look at sections 5.1 and 6 of the integration guide.");
}
