// @ts-check

/**
 * Gives what a promise gives, or something else after a time.
 * @template T, L
 * @param {number} limit milliseconds
 * @param {Promise<T>} promise
 * @param {L} [late]
 * @returns {Promise<T | L>}
 */
export function within(limit, promise, late) {
  /** @type {number} */ let timer;
  /** @type {Promise<any>} */
  const alarm = new Promise((resolve) => (timer = setTimeout(resolve, limit, late)));
  return Promise.race([promise, alarm]).finally(() => clearTimeout(timer));
}
