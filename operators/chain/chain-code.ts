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
import type { BadRecordHandler } from '../bad-records.ts'
import type {
  ChainBranches,
  ChainElement,
  ChainOperator,
  ChainStep,
  ChainTail,
  Gate,
} from './chain.ts'
import { describeRecord } from '../operator-error.ts'
import type { Output } from '../operator.ts'
import { watchFilters } from './first-filters.ts'
import type { FilterWatch } from './first-filters.ts'
import { evaluate, uniqueComment } from './own-code.ts'

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
  /** Which of them are filters. */
  readonly filters: Set<number>
  /** In the order of the chain: whoever emits stands before whoever receives. */
  readonly operators: ChainOperator[]
  readonly tails: ChainTail[]
  /** Who takes the bad records of the elements that do not simply fail. */
  readonly handlers: BadRecordHandler[]
  /** Name of the element or tail that `at` stands for. */
  readonly names: string[]
}

/** What the generated code is given. */
export interface ChainEnvironment {
  readonly gate: Gate | undefined
  readonly hold: { readonly held: boolean } | undefined
  /** One entry: the largest event time given by a `timestamp` step. */
  readonly highest: Float64Array
  fail(at: number, value: unknown, error: unknown): Error
}

/** The names of what `generateChain` hands to the code. */
const PARAMETERS = [
  'functions',
  'operators',
  'tails',
  'handlers',
  'gate',
  'hold',
  'highest',
  'fail',
  'iterable',
  'badTime',
]

/** The result: the loop and, per stateful operator, the output behind it. */
export interface ChainCode {
  /** For the first batch: the same, but it looks at what filters return. Undefined where there is none. */
  readonly firstBatch?: { readonly process: BatchLoop; readonly filters: FilterWatch } | undefined
  readonly processBatch: BatchLoop
  /** Records of the second input; where there is none, it throws. */
  readonly processBatch2: BatchLoop
  readonly outputs: readonly Output[]
}

/** Writes and evaluates the code of a chain; `shape` is filled on the way. */
export function generateChain(
  input: ChainBranches,
  shape: ChainShape,
  environment: ChainEnvironment,
): ChainCode {
  const source = new Writer(shape, environment).write(input)
  const code = evaluateChain(source, shape.functions, shape, environment)
  if (shape.filters.size === 0) return code
  const filters = watchFilters()
  const functions = shape.functions.map((fn, i) =>
    shape.filters.has(i) ? filters.watched(fn) : fn,
  )
  const { processBatch: process } = evaluateChain(source, functions, shape, environment)
  return { ...code, firstBatch: { process, filters } }
}

/** Code of its own for each call: feedback is not shared. */
function evaluateChain(
  source: string,
  functions: ChainShape['functions'],
  shape: ChainShape,
  environment: ChainEnvironment,
): ChainCode {
  const create = evaluate<(...parts: unknown[]) => ChainCode>(
    PARAMETERS,
    `${uniqueComment()} ${source}`,
  )
  return create(
    functions,
    shape.operators.map((element) => element.operator),
    shape.tails.map((tail) => tail.output),
    shape.handlers,
    environment.gate,
    environment.hold,
    environment.highest,
    (at: number, value: unknown, error: unknown) => environment.fail(at, value, error),
    checkIterable,
    badTimestamp,
  )
}

/** The names of the variables that hold a record and its event time. */
interface Names {
  readonly value: string
  readonly time: string
}

const INPUT: Names = { value: 'v', time: 't' }

class Writer {
  readonly #shape: ChainShape
  readonly #environment: ChainEnvironment
  readonly #outputs: string[] = []
  #variableCount = 0

  constructor(shape: ChainShape, environment: ChainEnvironment) {
    this.#shape = shape
    this.#environment = environment
  }

  write(input: ChainBranches): string {
    const bodies = this.#bodies(input)
    const { functions, operators, tails, handlers } = this.#shape
    return `'use strict'
${functions.map((_, i) => `const f${i} = functions[${i}]\n`).join('')}\
${operators.map((_, i) => `const o${i} = operators[${i}]\n`).join('')}\
${tails.map((_, i) => `const e${i} = tails[${i}]\n`).join('')}\
${handlers.map((_, i) => `const h${i} = handlers[${i}]\n`).join('')}\
${this.#loop('processBatch', bodies[0])}
${this.#loop('processBatch2', bodies[1])}
return { processBatch, processBatch2, outputs: [${this.#outputs.join(', ')}] }`
  }

  /** What is done with one record of the first input, and with one of the second. */
  #bodies(input: ChainBranches): readonly [string, string] {
    const head = input.next[0]
    if (head === undefined || !hasTwoInputs(head.element)) {
      return [this.#branches(input, INPUT), `throw new Error('there is no second input')\n`]
    }
    const index = this.#operator(head.element, head)
    return [
      this.#process(head.element, `o${index}.processRecord1`, INPUT),
      this.#process(head.element, `o${index}.processRecord2`, INPUT),
    ]
  }

  #loop(name: string, body: string): string {
    return `function ${name}(values, timestamps, from, length) {
let at = 0, record, i = from
try {
while (i < length && !(${this.#stop()})) {
const v = values[i], t = timestamps[i]; i++
${body}record = undefined
}
} catch (error) { throw fail(at, record, error) }
return i
}`
  }

  /** What stops a loop: no room, or an operator that takes no records for now. */
  #stop(): string {
    const holds = this.#shape.operators.some(({ operator }) => 'holds' in operator)
    return `${this.#full(0)}${holds ? ' || hold.held' : ''}`
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
      const { element } = node
      if ('operator' in element) {
        const index = this.#operator(element, node)
        code += this.#process(element, `o${index}.processRecord`, names)
      } else {
        const enter = this.#enter(element.name, value)
        code += this.#step(element, node, { names, enter })
      }
    }
    return code
  }

  /** The call of an operator with one record. */
  #process(element: ChainOperator, method: string, { value, time }: Names): string {
    const call = `${this.#enter(element.name, value)}; ${method}(${value}, ${time})`
    const handler = this.#handler(element)
    if (handler === undefined) return `${call}\n`
    return `try { ${call} } catch (e) { ${handler}(${value}, ${time}, e) }\n`
  }

  #step(
    element: ChainStep,
    branches: ChainBranches,
    place: { readonly names: Names; readonly enter: string },
  ): string {
    const { step } = element
    const { names, enter } = place
    const index = this.#shape.functions.push(step.fn) - 1
    const call = `f${index}(${names.value}, ${names.time})`
    const result = this.#variable()
    switch (step.kind) {
      case 'map': {
        const body = this.#branches(branches, { ...names, value: result })
        return this.#guarded(element, { ...place, result, call, body })
      }
      case 'filter': {
        this.#shape.filters.add(index)
        const body = this.#branches(branches, names)
        if (this.#handler(element) === undefined) return `${enter}; if (${call}) {\n${body}}\n`
        return this.#guarded(element, {
          ...place,
          result,
          call,
          body: `if (${result}) {\n${body}}\n`,
        })
      }
      case 'flatMap': {
        const value = this.#variable()
        const body = this.#branches(branches, { ...names, value })
        // The iterable belongs to this step: asking it for the next value may fail again.
        if (this.#handler(element) === undefined)
          return `${enter}; for (const ${value} of iterable(${call})) {\n${body}${enter}\n}\n`
        // Read to its end first, so that a record that fails half-way leaves nothing behind.
        const loop = `for (const ${value} of ${result}) {\n${body}}\n`
        return this.#guarded(element, {
          ...place,
          result,
          call: `Array.from(iterable(${call}))`,
          body: loop,
        })
      }
      case 'timestamp': {
        const check = `if (typeof ${result} !== 'number' || ${result} - ${result} !== 0) badTime(${result})`
        const body = `if (${result} > highest[0]) highest[0] = ${result}
${this.#branches(branches, { ...names, time: result })}`
        return this.#guarded(element, { ...place, result, call, check, body })
      }
    }
  }

  /** A call of the user's function, and what follows it unless the function throws and that is to be survived. */
  #guarded(
    element: ChainStep,
    parts: {
      readonly names: Names
      readonly enter: string
      readonly result: string
      readonly call: string
      readonly check?: string
      readonly body: string
    },
  ): string {
    const { names, enter, result, call, check = '', body } = parts
    const handler = this.#handler(element)
    if (handler === undefined) return `${enter}; const ${result} = ${call}; ${check}\n${body}`
    const failed = `${handler}(${names.value}, ${names.time}, e); break b${result}`
    return `b${result}: { let ${result}; try { ${enter}; ${result} = ${call}; ${check} } catch (e) { ${failed} }
${body}}\n`
  }

  /** The name of an element's handler of bad records; undefined where the first one fails the chain. */
  #handler({ onBadRecord }: ChainElement): string | undefined {
    if (onBadRecord === undefined) return undefined
    const { handlers } = this.#shape
    const known = handlers.indexOf(onBadRecord)
    return `h${known === -1 ? handlers.push(onBadRecord) - 1 : known}`
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
    if (this.#environment.gate !== undefined) return 'gate.full'
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

function hasTwoInputs(element: ChainElement): element is ChainOperator {
  return 'operator' in element && 'processRecord1' in element.operator
}

/** What a flatMap function returned. Throws `NOT_ITERABLE`. */
export function checkIterable(value: unknown): Iterable<unknown> {
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
