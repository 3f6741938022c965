import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  compileChain,
  linearChain,
  type ChainBranches,
  type ChainElement,
  type ChainNode,
  type CompiledChain,
} from '../../../operators/chain/chain.ts'
import type { Operator, Output } from '../../../operators/operator.ts'
import { Collector, fakeContext, untilDone, type Emitted } from '../operator-fakes.ts'

/** Emits every record, then a second one for every third; fires what it has seen at a watermark. */
class Echo implements Operator<number, number> {
  readonly log: string[] = []
  #output: Output<number> = new Collector()
  #seen: number[] = []

  open(_context: unknown, output: Output<number>): void {
    this.log.push('open')
    this.#output = output
  }

  processRecord(value: number, timestamp: number): void {
    this.#seen.push(value)
    this.#output.emit(value, timestamp)
    if (value % 3 === 0) this.#output.emit(value + 1, timestamp)
  }

  processWatermark(watermark: number): boolean {
    while (this.#seen.length > 0) {
      if (this.#output.full) return false
      this.#output.emit(-(this.#seen.shift() ?? 0), watermark)
    }
    this.log.push(`watermark ${watermark}`)
    return true
  }

  endInput(): boolean {
    this.log.push('end')
    return true
  }

  close(): void {
    this.log.push('close')
  }
}

type Recipe =
  | { readonly kind: 'map' | 'filter' | 'flatMap' | 'generator' | 'timestamp'; readonly by: number }
  | { readonly kind: 'operator' }

interface TreeRecipe {
  readonly recipe: Recipe
  readonly tails: number
  readonly next: readonly TreeRecipe[]
}

function* counting(value: number, by: number): Generator<number> {
  for (let i = 0; i < Math.abs(value + by) % 3; i++) yield value * 10 + i
}

function elementOf(recipe: Recipe): ChainElement {
  const name = recipe.kind
  switch (recipe.kind) {
    case 'operator':
      return { name, operator: new Echo() }
    case 'map':
      return {
        name,
        step: { kind: 'map', fn: (value: number, time) => value + recipe.by + (time % 2) },
      }
    case 'filter':
      return {
        name,
        step: { kind: 'filter', fn: (value: number) => (value + recipe.by) % 2 === 0 },
      }
    case 'flatMap':
      return {
        name,
        step: { kind: 'flatMap', fn: (value: number) => [...counting(value, recipe.by)] },
      }
    case 'generator':
      return { name, step: { kind: 'flatMap', fn: (value: number) => counting(value, recipe.by) } }
    case 'timestamp':
      return {
        name,
        step: { kind: 'timestamp', fn: (value: number, time) => time + value + recipe.by },
      }
  }
}

/** The tree as a chain, and as plain interpretation: both with tails in the same order. */
function build(trees: readonly TreeRecipe[], chainTails: Collector[], plainTails: Collector[]) {
  const nodes: ChainNode[] = []
  const readers: ((value: number, time: number) => void)[] = []
  for (const { recipe, tails, next } of trees) {
    const own = Array.from({ length: tails }, () => [new Collector(), new Collector()] as const)
    own.forEach(([chained, plain]) => (chainTails.push(chained), plainTails.push(plain)))
    const below = build(next, chainTails, plainTails)
    nodes.push({
      element: elementOf(recipe),
      tails: own.map(([output]) => ({ name: 'tail', output })),
      next: below.nodes,
    })
    const pass = (value: number, time: number): void => {
      own.forEach(([, plain]) => plain.emit(value, time))
      below.readers.forEach((reader) => reader(value, time))
    }
    readers.push(interpret(recipe, pass))
  }
  return { nodes, readers }
}

function interpret(
  recipe: Recipe,
  pass: (value: number, time: number) => void,
): (value: number, time: number) => void {
  const element = elementOf(recipe)
  if ('operator' in element) {
    return (value, time) => {
      pass(value, time)
      if (value % 3 === 0) pass(value + 1, time)
    }
  }
  const { step } = element
  return (value, time) => {
    if (step.kind === 'map') pass(step.fn(value as never, time) as number, time)
    else if (step.kind === 'filter') {
      if (step.fn(value as never, time)) pass(value, time)
    } else if (step.kind === 'timestamp') pass(value, step.fn(value as never, time))
    else for (const each of step.fn(value as never, time)) pass(each as number, time)
  }
}

const recipes: fc.Arbitrary<Recipe> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('map', 'filter', 'flatMap', 'generator', 'timestamp'),
    by: fc.integer({ min: -3, max: 3 }),
  }),
  fc.constant({ kind: 'operator' } as const),
)
function treesOf(depth: number): fc.Arbitrary<TreeRecipe> {
  return fc.record({
    recipe: recipes,
    tails: fc.constantFrom(0, 1, 1, 2),
    next: depth === 0 ? fc.constant([]) : fc.array(treesOf(depth - 1), { maxLength: 2 }),
  })
}

const trees = treesOf(4)

const numbers = fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 20 })

function feed(chain: CompiledChain, values: readonly number[], from = 0): number {
  return chain.processBatch(
    values,
    Float64Array.from(values, (_, i) => i),
    from,
    values.length,
  )
}

test('any tree of steps and operators does what its plain interpretation does', () => {
  fc.assert(
    fc.property(fc.array(trees, { minLength: 1, maxLength: 2 }), numbers, (forest, values) => {
      const [chained, plain]: [Collector[], Collector[]] = [[], []]
      const { nodes, readers } = build(forest, chained, plain)
      const chain = compileChain({ next: nodes, tails: [] }, { subtaskIndex: 0 })
      chain.open((element) => fakeContext(element.name))
      assert.is(feed(chain, values), values.length)
      values.forEach((value, i) => readers.forEach((reader) => reader(value, i)))
      assert.equal(
        chained.map(({ records }) => records),
        plain.map(({ records }) => records),
      )
      chain.close()
    }),
    { numRuns: 300 },
  )
})

const map = (name: string, fn: (value: never, time: number) => unknown): ChainElement => ({
  name,
  step: { kind: 'map', fn },
})
const filter = (name: string, fn: (value: never) => boolean): ChainElement => ({
  name,
  step: { kind: 'filter', fn },
})

function linear(
  elements: readonly ChainElement[],
  output: Output = new Collector(),
  subtaskIndex = 0,
): CompiledChain {
  const chain = compileChain(linearChain(elements, { name: 'tail', output }), { subtaskIndex })
  chain.open((element) => fakeContext(element.name))
  return chain
}

test('a batch stops where the output is full, and goes on from there', () => {
  const output = new Collector(true)
  const chain = linear([map('same', (value) => value)], output)
  const calls: number[] = []
  untilDone(() => {
    calls.push(feed(chain, [1, 2, 3], calls.at(-1) ?? 0))
    return calls.at(-1) === 3
  })
  assert.equal(output.values, [1, 2, 3])
  assert.equal(calls, [0, 1, 2, 3])
})

test('with a gate, the gate alone is asked', () => {
  const gate = { full: true }
  const output = new Collector()
  const tail = { name: 'tail', output }
  const chain = compileChain(linearChain([], tail), { subtaskIndex: 0, gate })
  assert.is(feed(chain, [1]), 0)
  gate.full = false
  assert.is(feed(chain, [1, 2]), 2)
  assert.equal(output.records, [
    [1, 0],
    [2, 1],
  ])
})

function failureOf(action: () => unknown): Record<string, unknown> {
  try {
    action()
  } catch (error) {
    return error as Record<string, unknown>
  }
  throw new Error('nothing was thrown')
}

test('a step that throws is named, with its subtask, the record it was given, and the cause', () => {
  const boom = new TypeError('boom')
  const chain = linear(
    [
      map('parse', (value: number) => ({ n: value * 2 })),
      filter('even', ({ n }: { n: number }) => {
        if (n === 4) throw boom
        return true
      }),
    ],
    new Collector(),
    3,
  )
  const error = failureOf(() => feed(chain, [1, 2, 3]))
  assert.is(error['name'], 'OperatorError')
  assert.is(error['code'], 'OPERATOR_FAILED')
  assert.is(error['operatorName'], 'even')
  assert.is(error['subtaskIndex'], 3)
  assert.is(error['record'], '{ n: 4 }')
  assert.is(error['cause'], boom)
  assert.is(error['message'], "Operator 'even' (subtask 3) failed on record { n: 4 }: boom")
})

test('a generator that fails between two records is blamed on its flatMap, not on the step behind it', () => {
  const chain = linear([
    {
      name: 'split',
      step: {
        kind: 'flatMap',
        *fn(value: number) {
          yield value
          throw new Error('half-way')
        },
      },
    },
    map('behind', (value) => value),
  ])
  const error = failureOf(() => feed(chain, [7]))
  assert.equal([error['operatorName'], error['record']], ['split', '7'])
})

test('a step behind an operator is blamed itself, whether a record or a watermark got there', () => {
  const elements = [
    { name: 'echo', operator: new Echo() },
    map('fragile', (value: number) => {
      if (value === 2 || value === -1) throw new Error('no')
      return value
    }),
  ]
  const byRecord = failureOf(() => feed(linear(elements), [1, 2]))
  assert.equal([byRecord['operatorName'], byRecord['record']], ['fragile', '2'])
  const chain = linear([{ name: 'echo', operator: new Echo() }, ...elements.slice(1)])
  feed(chain, [1])
  const byWatermark = failureOf(() => chain.processWatermark(5))
  assert.equal([byWatermark['operatorName'], byWatermark['record']], ['fragile', '-1'])
})

test('the end of the chain is blamed by its own name', () => {
  const output: Output = {
    emit() {
      throw 'just text'
    },
    full: false,
  }
  const error = failureOf(() => feed(linear([map('same', (value) => value)], output), [1]))
  assert.equal(
    [error['operatorName'], error['message']],
    ['tail', "Operator 'tail' (subtask 0) failed on record 1: 'just text'"],
  )
})

test('a record is shortened, whatever it is', () => {
  const fail = map('fail', () => {
    throw new Error('x')
  })
  const cruel = {
    get [Symbol.toStringTag]() {
      throw new Error('cannot be shown')
    },
  }
  for (const record of [
    'x'.repeat(1e6),
    Array.from({ length: 1e5 }, (_, i) => i),
    { a: { b: { c: { d: 1 } } } },
    cruel,
  ]) {
    const error = failureOf(() => linear([fail]).processBatch([record], new Float64Array(1), 0, 1))
    assert.ok((error['record'] as string).length <= 201)
  }
})

test('errors of Millrace itself keep their code', () => {
  const step = (kind: 'timestamp' | 'flatMap', fn: () => never): ChainElement => ({
    name: kind,
    step: { kind, fn },
  })
  for (const time of [Number.NaN, Infinity, -Infinity, '5', undefined, new Date(), 5n]) {
    const error = failureOf(() => feed(linear([step('timestamp', () => time as never)]), [1]))
    assert.equal(
      [error['code'], error['record'], error['operatorName']],
      ['BAD_TIMESTAMP', '1', 'timestamp'],
    )
  }
  for (const list of [undefined, null, 5, {}]) {
    assert.is(
      failureOf(() => feed(linear([step('flatMap', () => list as never)]), [1]))['code'],
      'NOT_ITERABLE',
    )
  }
})

test('the largest timestamp given since the last question is known', () => {
  const chain = linear([
    { name: 'time', step: { kind: 'timestamp', fn: (value: number) => value } },
  ])
  assert.is(chain.takeMaxTimestamp(), -Infinity)
  feed(chain, [3, 9, -4])
  assert.is(chain.takeMaxTimestamp(), 9)
  feed(chain, [-5])
  assert.is(chain.takeMaxTimestamp(), -5)
  assert.is(chain.takeMaxTimestamp(), -Infinity)
})

test('a watermark reaches the operators from first to last, and what the first fires reaches the second before it', () => {
  for (const stubborn of [false, true]) {
    const [first, second] = [new Echo(), new Echo()]
    const output = new Collector(stubborn)
    const chain = linear(
      [
        { name: 'first', operator: first },
        { name: 'second', operator: second },
      ],
      output,
    )
    let from = 0
    untilDone(() => (from = feed(chain, [1], from)) === 1)
    untilDone(() => chain.processWatermark(5))
    untilDone(() => chain.endInput())
    chain.close()
    const expected: Emitted[] = [
      [1, 0],
      [-1, 5],
      [-1, 5],
      [1, 5],
    ]
    assert.equal(output.records, expected)
    assert.equal(first.log, ['open', 'watermark 5', 'end', 'close'])
    assert.equal(second.log, ['open', 'watermark 5', 'end', 'close'])
  }
})

test('a larger watermark does not overtake one that stopped half-way', () => {
  const [first, second] = [new Echo(), new Echo()]
  const gate = { full: false }
  const chain = compileChain(
    linearChain(
      [
        { name: 'first', operator: first },
        { name: 'second', operator: second },
      ],
      {
        name: 'tail',
        output: new Collector(),
      },
    ),
    { subtaskIndex: 0, gate },
  )
  chain.open(() => fakeContext())
  feed(chain, [1])
  gate.full = true
  assert.not(chain.processWatermark(5))
  gate.full = false
  assert.ok(chain.processWatermark(8))
  assert.equal(second.log, ['open', 'watermark 5', 'watermark 8'])
})

test('close reaches every opened operator, also when one fails, and tells the first error', () => {
  const broken = (name: string): ChainElement => {
    const operator = new Echo()
    operator.close = () => {
      throw new Error(`${name} is stuck`)
    }
    return { name, operator: operator }
  }
  const last = new Echo()
  const chain = linear([broken('a'), broken('b'), { name: 'last', operator: last }])
  assert.is(
    failureOf(() => chain.close())['message'],
    "Operator 'a' (subtask 0) failed: a is stuck",
  )
  assert.equal(last.log, ['open', 'close'])
})

test('an operator that fails to open is named, and those after it are neither opened nor closed', () => {
  const failing = new Echo()
  failing.open = () => {
    throw new Error('no file')
  }
  const after = new Echo()
  const branches: ChainBranches = linearChain(
    [
      { name: 'failing', operator: failing },
      { name: 'after', operator: after },
    ],
    { name: 'tail', output: new Collector() },
  )
  const chain = compileChain(branches, { subtaskIndex: 1 })
  assert.is(failureOf(() => chain.open(() => fakeContext()))['operatorName'], 'failing')
  chain.close()
  assert.equal([failing.log, after.log], [['close'], []])
})

test.run()
