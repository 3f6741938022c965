/** Trees of steps and operators, against their plain interpretation. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compileChain } from '../../../operators/chain/chain.ts'
import type { ChainElement, ChainNode } from '../../../operators/chain/chain.ts'
import { Collector, fakeContext } from '../operator-fakes.ts'
import { Echo, feed } from './chain-fakes.ts'

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

test.run()
