// @ts-check
import { makePhone } from "./client.mjs";

/** One phone as an instance; the names on the class itself are one default phone, as the integration guide uses them. */
export class ExotelWebClient extends EventTarget {
  /** @param {{gateway?: string}} [options] */
  constructor(options) {
    super();
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(makePhone(this, options?.gateway)));
  }
}

const defaultPhone = new ExotelWebClient();
Object.defineProperties(ExotelWebClient, Object.getOwnPropertyDescriptors(defaultPhone));
for (const name of /** @type {const} */ (["addEventListener", "removeEventListener"]))
  Object.assign(ExotelWebClient, { [name]: defaultPhone[name].bind(defaultPhone) });

/** Guide 5.10, as a bare function. */
export function SessionListener() {}

export default ExotelWebClient;
