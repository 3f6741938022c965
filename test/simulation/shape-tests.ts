/** The tests of all shapes in one mode of checkpoints; each mode has two files of its own, so that they run side by side. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Mode } from './modes.ts'
import { describeFinding, runShape } from './run-shape.ts'
import { SHAPES } from './shapes/all-shapes.ts'

const SEEDS = 28

/** Defines and runs every other shape, from the first one on or from the second. `firstSeed`: others for each mode, for a seed chooses inputs and faults too. */
export function testShapes(mode: Mode, firstSeed: number, from: 1 | 2): void {
  const test = suite(`simulated shapes, ${mode}`)
  for (const shape of SHAPES.filter((_, index) => index % 2 === from - 1)) {
    test(`${shape.name}: whatever dies in ${SEEDS} runs, the output is that of the definition`, async () => {
      const report = await runShape(shape, { mode, firstSeed, seeds: SEEDS })
      const [finding] = report.findings
      assert.not.ok(finding, finding && describeFinding(shape.name, mode, finding))
      assert.is(report.seeds, SEEDS)
      // A run that nothing disturbs proves nothing.
      assert.ok(report.crashes >= SEEDS / 4, `${report.crashes} crashes`)
      assert.ok(report.checkpoints >= SEEDS, `${report.checkpoints} checkpoints`)
      assert.ok(report.restores > 0, `${report.restores} restores`)
    })
  }
  test.run()
}
