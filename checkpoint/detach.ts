/**
 * Cuts a string loose from what it was cut out of.
 *
 * V8 keeps a `slice` of 13 characters and more as a pointer into its parent, and a concatenation of as many as a pointer
 * to its parts: a key in state could keep a whole file alive. Shorter strings are always copies.
 */

/** Strings of fewer characters come back as they are. */
export const SHORTEST_SHARED = 13

/** The last string that came out of here: one record puts the same key into several states and timers. */
let last = ''

/** An equal string that keeps nothing else alive. Costs a copy of strings of 13 characters and more. */
export function detach(text: string): string {
  if (text.length < SHORTEST_SHARED) return text
  if (text === last) return last
  // Slicing flattens the concatenation into one new string of its own, which is all the result points to.
  last = ` ${text}`.slice(1)
  return last
}

/**
 * For a string that has just been joined from others: an equal one that keeps nothing else alive, and that `detach` need not copy again as long as it
 * is the last one. Reading a character is not enough to make every version of V8 forget the parts.
 */
export function detachJoined(text: string): string {
  last = ` ${text}`.slice(1)
  return last
}

/** The same for anything that can be a key in a Map; what is not a string stays as it is. */
export function detachKey<K>(key: K): K | string {
  return typeof key === 'string' ? detach(key) : key
}
