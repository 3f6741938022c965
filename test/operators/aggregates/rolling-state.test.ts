/** Rolling reduces and aggregates that are thrown away and restored, also at another parallelism. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { mean } from '../../../api/index.ts'
import type { Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import type { HarnessSnapshot, OperatorHarness } from '../../../api/testing/index.ts'
import { keyGroupOf, subtaskOfKeyGroup } from '../../../checkpoint/key-groups.ts'
import { keyHash } from '../../../checkpoint/key-hash.ts'

interface Row {
  readonly key: readonly [letter: string, number: number]
  readonly n: number
}

const reduced = (rows: Stream<Row>): Stream<unknown> =>
  rows.keyBy(({ key }) => key).reduce((a, b) => ({ key: b.key, n: a.n + b.n }))

const averaged = (rows: Stream<Row>): Stream<unknown> =>
  rows
    .keyBy(({ key }) => key)
    .aggregate(
      mean(({ n }) => n),
      (value, key) => ({ key, value }),
    )

const rows = fc.array(
  fc.record(
    {
      key: fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 2 })),
      n: fc.integer({ min: -5, max: 5 }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 40 },
)

type Build = (rows: Stream<Row>) => Stream<unknown>
type Rig = OperatorHarness<Row, { readonly main: unknown }>

function feed(harness: Rig, input: readonly Row[]): unknown[] {
  for (const row of input) harness.processRecord(row, 1)
  return harness.takeValues()
}

/** Hands every record to the subtask of its key. */
function feedAll(harnesses: readonly Rig[], input: readonly Row[]): unknown[] {
  return input.flatMap((row) => {
    const keyGroup = keyGroupOf(keyHash(row.key), 128)
    return feed(harnesses[subtaskOfKeyGroup(keyGroup, harnesses.length, 128)]!, [row])
  })
}

function start(build: Build, parallelism: number, restore: readonly HarnessSnapshot[] = []): Rig[] {
  return Array.from({ length: parallelism }, (_, subtaskIndex) =>
    operatorHarness(build, { parallelism, subtaskIndex, restore }),
  )
}

for (const [name, build] of [
  ['reduce', reduced],
  ['aggregate', averaged],
] as const) {
  test(`${name}: what it has combined outlives a restore after every record`, () => {
    fc.assert(
      fc.property(rows, (input) => {
        const [expected, ...others] = HARNESS_MODES.map((mode) =>
          feed(operatorHarness(build, { mode }), input),
        )
        for (const other of others) assert.equal(other, expected)
      }),
      { numRuns: 30 },
    )
  })

  test(`${name}: two subtasks become three without anybody noticing`, () => {
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const [one, two] = [start(build, 1), start(build, 2)]
        assert.equal(feedAll(two, before), feedAll(one, before))
        const snapshots = two.map((harness) => harness.snapshot())
        assert.equal(feedAll(start(build, 3, snapshots), after), feedAll(one, after))
      }),
      { numRuns: 30 },
    )
  })
}

test.run()
