/**
 * Keys as entries of a Map: two keys are the same key when their canonical forms are the same Map key.
 *
 * Primitives stand for themselves. Everything else becomes a string that starts with U+0000 and spells the
 * key out with types and lengths, so that no two different keys share it; a string key that itself starts with
 * U+0000 is spelled out too, which keeps the two kinds apart. Objects with the same fields in another order
 * are the same key. Pure functions, any thread.
 */
import { detachJoined } from './detach.ts'
import { canonicalPair, isIntegerPair, spellInteger } from './integer-pair.ts'
import { invalidKey, isPlainObject, MAX_KEY_DEPTH } from './invalid-key.ts'

/** What `canonicalKey` returns: usable in a Map and as it is in a snapshot. */
export type CanonicalKey = string | number | boolean | bigint | null

/**
 * The canonical form of a key. Cheap for strings and numbers; composite keys cost one string.
 * Errors: `INVALID_KEY` as for `keyHash`.
 *
 * @example canonicalKey('JFK') // 'JFK'
 */
export function canonicalKey(key: unknown): CanonicalKey {
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? `\0${spellString(key)}` : key
  // Turns -0 into 0.
  if (typeof key === 'number' && key === key) return key + 0
  return canonicalOther(key)
}

function canonicalOther(key: unknown): CanonicalKey {
  if (key === null || typeof key === 'boolean' || typeof key === 'bigint') return key
  if (isIntegerPair(key)) return canonicalPair(key[0], key[1])
  return detachJoined(`\0${spell(key, key, 0)}`)
}

/**
 * The key that a canonical form stands for: equal to the original, with object fields sorted by name and
 * -0 as 0. A new object on every call where the key is composite.
 */
export function originalKey(canonical: CanonicalKey): unknown {
  if (typeof canonical !== 'string' || canonical.charCodeAt(0) !== 0) return canonical
  return new Reader(canonical).read()
}

/** `root` is the whole key, for the error message. */
function spell(key: unknown, root: unknown, depth: number): string {
  switch (typeof key) {
    case 'string':
      return spellString(key)
    case 'number':
      if ((key | 0) === key) return spellInteger(key)
      if (key !== key) throw invalidKey(root)
      return `d${key};`
    case 'boolean':
      return key ? 't' : 'f'
    case 'bigint':
      return `b${key};`
    case 'object':
      return key === null ? 'n' : spellComposite(key, root, depth)
    default:
      throw invalidKey(root)
  }
}

function spellString(text: string): string {
  return `s${text.length};${text}`
}

function spellComposite(key: object, root: unknown, depth: number): string {
  if (depth === MAX_KEY_DEPTH) throw invalidKey(root)
  if (Array.isArray(key)) {
    let text = `a${key.length};`
    for (let i = 0; i < key.length; i++) text += spell(key[i], root, depth + 1)
    return text
  }
  if (key instanceof Date) {
    const time = key.getTime()
    if (time !== time) throw invalidKey(root)
    return `D${time};`
  }
  if (key instanceof Uint8Array) {
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
    return `u${bytes.length};${bytes.toString('latin1')}`
  }
  if (!isPlainObject(key)) throw invalidKey(root)
  const names = Object.keys(key).sort()
  let text = `o${names.length};`
  for (const name of names) text += spellString(name) + spell(key[name], root, depth + 1)
  return text
}

/** Reads what `spell` wrote. */
class Reader {
  readonly #text: string
  #at = 1

  constructor(text: string) {
    this.#text = text
  }

  read(): unknown {
    const tag = this.#text[this.#at++]
    switch (tag) {
      case 'n':
        return null
      case 't':
        return true
      case 'f':
        return false
      case 'd':
        return Number(this.#head())
      case 'b':
        return BigInt(this.#head())
      case 's':
        return this.#take(Number(this.#head()))
      case 'D':
        return new Date(Number(this.#head()))
      case 'u':
        return Uint8Array.from(Buffer.from(this.#take(Number(this.#head())), 'latin1'))
      case 'a':
        return Array.from({ length: Number(this.#head()) }, () => this.read())
      default:
        return this.#readObject()
    }
  }

  #readObject(): unknown {
    const entries: [string, unknown][] = []
    for (let left = Number(this.#head()); left > 0; left--)
      entries.push([String(this.read()), this.read()])
    return Object.fromEntries(entries)
  }

  /** Digits up to the next `;`. */
  #head(): string {
    const end = this.#text.indexOf(';', this.#at)
    const head = this.#text.slice(this.#at, end)
    this.#at = end + 1
    return head
  }

  #take(length: number): string {
    this.#at += length
    return this.#text.slice(this.#at - length, this.#at)
  }
}
