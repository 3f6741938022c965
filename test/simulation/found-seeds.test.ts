/**
 * Seeds that have found something once, which was mended. Whatever changes the number of steps or the use of random numbers makes other runs of them:
 * what each has shown is tested directly too.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Mode } from './modes.ts'
import { describeFinding, runShape } from './run-shape.ts'
import { SHAPES } from './shapes/all-shapes.ts'

interface Found {
  readonly shape: string
  readonly mode: Mode
  readonly seed: number
  /** What was wrong. */
  readonly what: string
}

const FOUND: readonly Found[] = [
  {
    shape: 'diamond',
    mode: 'at-least-once',
    seed: 5023,
    what: 'a checkpoint held event time from behind its barriers, so that no replayed record could register a timer',
  },
  {
    shape: 'file-sink',
    mode: 'timeout',
    seed: 20315,
    what: 'an attempt that could not be deployed removed a file on which the checkpoint counts',
  },
]

for (const { shape: name, mode, seed, what } of FOUND) {
  test(`${name}, ${mode}, seed ${seed}: not again that ${what}`, async () => {
    const shape = SHAPES.find((each) => each.name === name)
    assert.ok(shape, `there is no shape '${name}'`)
    const report = await runShape(shape, { mode, firstSeed: seed, seeds: 1 })
    const [finding] = report.findings
    assert.not.ok(finding, finding && describeFinding(name, mode, finding))
    assert.is(report.seeds, 1)
  })
}

test.run()
