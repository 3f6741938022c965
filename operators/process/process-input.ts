/**
 * The per-record code of process operators: what happens between the chain and the user's function.
 *
 * Each input of each operator gets machine code of its own (own-code), because all jobs share these few lines and call different
 * functions from them.
 */
import { canonicalKey } from '../../checkpoint/canonical-key.ts'
import { isIntegerPair } from '../../checkpoint/integer-pair.ts'
import type { StateBackend } from '../../checkpoint/state/state-backend.ts'
import { withOwnCode } from '../chain/own-code.ts'
import type { Output } from '../operator.ts'
import type { ContextObject, KeyedContextObject } from './context-objects.ts'
import type { Emit } from './contexts.ts'

/** Takes one record. */
export type RecordInput = (value: unknown, timestamp: number) => void

/** The user's function for a record. */
export type RecordFunction = (value: never, context: never, emit: Emit<never>) => void

/** What all inputs need. */
export interface InputParts<Context extends ContextObject> {
  /** The definition: what `this` is in its functions. */
  readonly definition: object
  readonly fn: RecordFunction
  readonly context: Context
  readonly output: Output
}

/** What an input with keys needs besides. */
export interface KeyedInputParts extends InputParts<KeyedContextObject> {
  readonly keyOf: (value: never) => unknown
  readonly backend: StateBackend
}

/** An input without keys. */
export function plainInput(parts: InputParts<ContextObject>): RecordInput {
  return withOwnCode(createPlainInput)(parts)
}

/** An input with keys. It throws `INVALID_KEY`. */
export function keyedInput(parts: KeyedInputParts): RecordInput {
  return withOwnCode(createKeyedInput)(parts, canonicalKey, isIntegerPair)
}

/** Evaluated anew for every input (own-code): nothing but parameters and globals in it. */
function createPlainInput(parts: InputParts<ContextObject>): RecordInput {
  const { definition, fn, context, output } = parts
  const emit = (value: unknown): void => {
    output.emit(value, context.timestamp)
  }
  return (value, timestamp) => {
    context.timestamp = timestamp
    fn.call(definition, value as never, context as never, emit)
  }
}

/** Evaluated anew for every input (own-code): nothing but parameters and globals in it. */
function createKeyedInput(
  parts: KeyedInputParts,
  canonical: typeof canonicalKey,
  isPair: typeof isIntegerPair,
): RecordInput {
  const { definition, fn, context, output, keyOf, backend } = parts
  const emit = (value: unknown): void => {
    output.emit(value, context.timestamp)
  }
  return (value, timestamp) => {
    const key = keyOf(value as never)
    if (isPair(key)) backend.setCurrentPair(key[0], key[1])
    else backend.setCurrentKey(canonical(key))
    // The same value as for timers, whose key is made of the canonical one: -0 is 0.
    context.key = key === 0 ? 0 : key
    context.timestamp = timestamp
    fn.call(definition, value as never, context as never, emit)
  }
}
