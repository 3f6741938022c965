/** What the states that users declare can do beyond what every part of a snapshot can. */
import type { CanonicalKey } from '../canonical-key.ts'
import type { PayloadLayout } from './payload-layout.ts'
import type { KeyedPart, OperatorPart } from './state-backend.ts'

/** One entry of a state or part, as somebody sees it who looks at what is left in state: a test, mostly. */
export interface ShownEntry {
  readonly state: string
  /** The key as the user knows it; undefined for state of the operator. */
  readonly key: unknown
  readonly namespace?: unknown
  /** A value, an array of the elements, a Map, an accumulator; of a part that an operator keeps itself, a payload. */
  readonly value: unknown
}

/** What a state says of itself. */
export interface StatePart {
  /** Whether it has a `migrate`. Other parts always take older versions. */
  readonly readsOlder: boolean
  /** What is in it, without what is expired. */
  show(): Iterable<ShownEntry>
  /** The path inside the user's value that a path inside a payload or item stands for. */
  pathInValue(path: readonly (string | number)[]): readonly (string | number)[]
}

/** What a state with keys says besides. */
export interface ShownKeyedState extends StatePart {
  /** The keys that have something in it, without what is expired. */
  keys(): Iterable<CanonicalKey>
}

/** What is restored and has not come to its parts yet. */
export interface RestSource {
  /** Whether there is something left. */
  readonly hasRest: boolean
  /** Has all that is left of a key restored, in all parts. Errors: `DAMAGED_SNAPSHOT`. */
  bringIn(key: CanonicalKey): void
  /** Has some more restored. Returns how many entries. Errors: as `bringIn`. */
  step(): number
}

/** A state with keys that need not have all that is restored before it is used. */
export interface LateState {
  /** `restore` is called until nothing is left, also while the state is used; of a key that is needed, before that. */
  restoreLater(rest: RestSource): void
}

/** A state that says what its payloads are made of. */
export interface LaidOut {
  readonly layout: PayloadLayout | undefined
}

/** A state with keys, or what an operator keeps itself. */
export type AnyKeyedPart = KeyedPart & Partial<ShownKeyedState & LateState & LaidOut>

/** The same without keys. */
export type AnyOperatorPart = OperatorPart & Partial<StatePart>
