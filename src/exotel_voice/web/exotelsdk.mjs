// @ts-check
import { Phone } from "./client.mjs";
import { PagePhone } from "./page_phone.mjs";

/** The phone behind the names on the class itself, as the integration guide uses them. @type {Phone | null} */
let defaultPhone = null;

/** One phone as an instance; the names on the class itself are one default phone. */
export class ExotelWebClient extends Phone {}

for (const name of [...namesOf(Phone), ...namesOf(PagePhone), "addEventListener", "removeEventListener"]) {
  if (name === "constructor") continue;
  /** @type {() => any} */
  const phone = () => (defaultPhone ??= new ExotelWebClient());
  const isMethod = name !== "calls";
  const value = /** @param {unknown[]} args */ (...args) => phone()[name](...args);
  Object.defineProperty(ExotelWebClient, name, isMethod ? { value } : { get: () => phone()[name] });
}

/** @param {Function} type */
function namesOf(type) {
  return Object.getOwnPropertyNames(type.prototype);
}

/** Guide 5.10, as a bare function. */
export function SessionListener() {}

export default ExotelWebClient;
