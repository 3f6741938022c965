/**
 * Where an entry of keyed state stands: under which key, and in which namespace.
 *
 * The key is given as its canonical form or as a pair of integers, and the one is made of the other only when somebody asks for it. Places are used again
 * and again: whoever gets one must not keep it.
 */
import type { CanonicalKey } from '../canonical-key.ts'
import { canonicalPair, readPair } from '../integer-pair.ts'
import type { Namespace } from './state-backend.ts'

/** See the head of this file. */
export class Place {
  namespace: Namespace | undefined
  /** The pair, where `isPair` says that the key is one. */
  first = 0
  second = 0
  #key: CanonicalKey | undefined
  /** Undefined: nobody has asked yet whether the form is that of a pair. */
  #isPair: boolean | undefined = false

  /** The canonical form; undefined before the first key. */
  get key(): CanonicalKey | undefined {
    if (this.#key === undefined && this.#isPair === true)
      this.#key = canonicalPair(this.first, this.second)
    return this.#key
  }

  get hasKey(): boolean {
    return this.#key !== undefined || this.#isPair === true
  }

  /** Whether the key is a tuple of two 32-bit integers. */
  get isPair(): boolean {
    return this.#isPair ?? this.#recognizePair()
  }

  moveTo(key: CanonicalKey): void {
    this.#key = key
    // The forms of tuples and objects begin with U+0000.
    this.#isPair = typeof key === 'string' && key.charCodeAt(0) === 0 ? undefined : false
  }

  moveToPair(first: number, second: number): void {
    // -0 is 0.
    this.first = first | 0
    this.second = second | 0
    this.#key = undefined
    this.#isPair = true
  }

  #recognizePair(): boolean {
    const pair = readPair(this.#key as string)
    this.#isPair = pair !== undefined
    if (pair !== undefined) {
      this.first = pair[0]
      this.second = pair[1]
    }
    return this.#isPair
  }
}

/** Whose entries the handles of one operator show. Moved by the backend, read by all its tables. */
export class KeyCursor extends Place {
  /** Grows whenever the key or the namespace changes. */
  moves = 0
}
