import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { seededRandom } from '../../runtime/seeded-random.ts'

function take(seed: number, count: number): number[] {
  return Array.from({ length: count }, seededRandom(seed))
}

test('the same seed gives the same numbers, a neighbouring one others', () => {
  assert.equal(take(1, 20), take(1, 20))
  assert.not.equal(take(1, 20), take(2, 20))
})

test('numbers lie in [0, 1) and are spread evenly, also over the first numbers of many seeds', () => {
  const series = [take(0, 20_000), Array.from({ length: 20_000 }, (_, seed) => take(seed, 1)[0]!)]
  for (const values of series) {
    const buckets = new Array<number>(10).fill(0)
    for (const value of values) {
      assert.ok(value >= 0 && value < 1)
      buckets[Math.floor(value * 10)]! += 1
    }
    assert.ok(
      buckets.every((count) => Math.abs(count - 2_000) < 250),
      buckets.join(),
    )
  }
})

test.run()
