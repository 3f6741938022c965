/**
 * Writes the source of a chain's loop and evaluates it.
 *
 * For source → map → filter → window the result reads like this (`f…` user functions, `o…` operators,
 * `e…` ends, `x…` results):
 *
 *   processBatch(values, timestamps, from, length) {
 *     let at = 0, record, i = from
 *     try {
 *       while (i < length && !gate.full) {
 *         const v = values[i], t = timestamps[i]; i++
 *         at = 0; record = v; const x0 = f0(v, t)
 *         at = 1; record = x0; if (f1(x0, t)) {
 *           at = 2; record = x0; o0.processRecord(x0, t)
 *         }
 *         record = undefined
 *       }
 *     } catch (error) { throw fail(at, record, error) }
 *     return i
 *   }
 *
 * `at` and `record` say which element was running and on what, so that one `try` serves the whole batch. Results are
 * constants of the loop's body, and `record` is forgotten at its end, because a result that could still be seen
 * by the `catch` of a later record must exist as an object: V8 then no longer removes the allocations of inlined
 * functions, which halves the speed (benchmarks/chain). User data never becomes source text: only numbers made here do.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { ChainBranches, ChainOperator, ChainTail, Gate } from './chain.ts'
import { describeRecord } from '../operator-error.ts'
import type { Output, Step } from '../operator.ts'
import { uniqueComment } from './own-code.ts'

/** The compiled loop: returns the index after the last record consumed. */
export type BatchLoop = (
  values: readonly unknown[],
  timestamps: Float64Array,
  from: number,
  length: number,
) => number

/** What the generated code refers to by number; filled while it is written. */
export interface ChainShape {
  readonly functions: ((value: never, timestamp: number) => unknown)[]
  /** In the order of the chain: whoever emits stands before whoever receives. */
  readonly operators: ChainOperator[]
  readonly tails: ChainTail[]
  /** Name of the element or tail that `at` stands for. */
  readonly names: string[]
}

/** What the generated code is given. */
export interface ChainEnvironment {
  readonly gate: Gate | undefined
  /** One entry: the largest event time given by a `timestamp` step. */
  readonly highest: Float64Array
  fail(at: number, value: unknown, error: unknown): Error
}

/** The result: the loop and, per stateful operator, the output behind it. */
export interface ChainCode {
  readonly processBatch: BatchLoop
  readonly outputs: readonly Output[]
}

/** Writes and evaluates the code of a chain; `shape` is filled on the way. */
export function generateChain(
  input: ChainBranches,
  shape: ChainShape,
  environment: ChainEnvironment,
): ChainCode {
  const source = new Writer(shape, environment.gate !== undefined).write(input)
  // oxlint-disable-next-line no-implied-eval, no-new-func -- written above, from numbers only
  const create = new Function(
    'functions',
    'operators',
    'tails',
    'gate',
    'highest',
    'fail',
    'iterable',
    'badTime',
    source,
  )
  return create(
    shape.functions,
    shape.operators.map((element) => element.operator),
    shape.tails.map((tail) => tail.output),
    environment.gate,
    environment.highest,
    (at: number, value: unknown, error: unknown) => environment.fail(at, value, error),
    checkIterable,
    badTimestamp,
  ) as ChainCode
}

/** The names of the variables that hold a record and its event time. */
interface Names {
  readonly value: string
  readonly time: string
}

const INPUT: Names = { value: 'v', time: 't' }

class Writer {
  readonly #shape: ChainShape
  readonly #hasGate: boolean
  readonly #outputs: string[] = []
  #variableCount = 0

  constructor(shape: ChainShape, hasGate: boolean) {
    this.#shape = shape
    this.#hasGate = hasGate
  }

  write(input: ChainBranches): string {
    const body = this.#branches(input, INPUT)
    const { functions, operators, tails } = this.#shape
    const full = this.#full(0)
    return `${uniqueComment()} 'use strict'
${functions.map((_, i) => `const f${i} = functions[${i}]\n`).join('')}\
${operators.map((_, i) => `const o${i} = operators[${i}]\n`).join('')}\
${tails.map((_, i) => `const e${i} = tails[${i}]\n`).join('')}\
function processBatch(values, timestamps, from, length) {
let at = 0, record, i = from
try {
while (i < length && !(${full})) {
const v = values[i], t = timestamps[i]; i++
${body}record = undefined
}
} catch (error) { throw fail(at, record, error) }
return i
}
return { processBatch, outputs: [${this.#outputs.join(', ')}] }`
  }

  /** The statements that hand one record to everybody who reads it. */
  #branches(branches: ChainBranches, names: Names): string {
    const { value, time } = names
    let code = ''
    for (const tail of branches.tails) {
      const end = this.#shape.tails.push(tail) - 1
      code += `${this.#enter(tail.name, value)}; e${end}.emit(${value}, ${time})\n`
    }
    for (const node of branches.next) {
      const enter = this.#enter(node.element.name, value)
      code +=
        'operator' in node.element
          ? `${enter}; o${this.#operator(node.element, node)}.processRecord(${value}, ${time})\n`
          : this.#step(node.element.step, node, { names, enter })
    }
    return code
  }

  #step(step: Step, branches: ChainBranches, place: { names: Names; enter: string }): string {
    const { names, enter } = place
    const call = `f${this.#shape.functions.push(step.fn) - 1}(${names.value}, ${names.time})`
    switch (step.kind) {
      case 'map': {
        const value = this.#variable()
        return `${enter}; const ${value} = ${call}\n${this.#branches(branches, { ...names, value })}`
      }
      case 'filter':
        return `${enter}; if (${call}) {\n${this.#branches(branches, names)}}\n`
      case 'flatMap': {
        // The iterable belongs to this step: asking it for the next value may fail again.
        const value = this.#variable()
        const body = this.#branches(branches, { ...names, value })
        return `${enter}; for (const ${value} of iterable(${call})) {\n${body}${enter}\n}\n`
      }
      case 'timestamp': {
        const time = this.#variable()
        const check = `if (typeof ${time} !== 'number' || ${time} - ${time} !== 0) badTime(${time})`
        const body = this.#branches(branches, { ...names, time })
        return `${enter}; const ${time} = ${call}; ${check}\nif (${time} > highest[0]) highest[0] = ${time}\n${body}`
      }
    }
  }

  /** Adds an operator and the output behind it; returns its number. */
  #operator(element: ChainOperator, branches: ChainBranches): number {
    const index = this.#shape.operators.push(element) - 1
    const firstTail = this.#shape.tails.length
    const body = this.#branches(branches, INPUT)
    // A try per record, but there is no batch here, and one that is not taken costs nothing (benchmarks/chain).
    this.#outputs[index] = `{
emit(v, t) {
let at = 0, record
try {
${body}} catch (error) { throw fail(at, record, error) }
},
get full() { return ${this.#full(firstTail)} }
}`
    return index
  }

  /** Says whether there is no room behind the tails from `firstTail` to the one added last. */
  #full(firstTail: number): string {
    if (this.#hasGate) return 'gate.full'
    const tails = this.#shape.tails.slice(firstTail).map((_, i) => `e${firstTail + i}.full`)
    return tails.length === 0 ? 'false' : tails.join(' || ')
  }

  /** The statements that note which element runs now and on what, for the error message. */
  #enter(name: string, value: string): string {
    return `at = ${this.#shape.names.push(name) - 1}; record = ${value}`
  }

  #variable(): string {
    return `x${this.#variableCount++}`
  }
}

function checkIterable(value: unknown): Iterable<unknown> {
  if (
    value !== null &&
    value !== undefined &&
    typeof (value as Iterable<unknown>)[Symbol.iterator] === 'function'
  ) {
    return value as Iterable<unknown>
  }
  throw new MillraceError(
    'NOT_ITERABLE',
    `A flatMap function must return an iterable (an array, a generator …), got ${describeRecord(value)}`,
  )
}

/** Throws `BAD_TIMESTAMP` for what a timestamp function returned. */
export function badTimestamp(time: unknown): never {
  const hint =
    time instanceof Date
      ? ': return date.getTime()'
      : typeof time === 'bigint'
        ? ': convert it with Number()'
        : ''
  throw new MillraceError(
    'BAD_TIMESTAMP',
    `A timestamp function must return a finite number of milliseconds, got ${describeRecord(time)}${hint}`,
  )
}
