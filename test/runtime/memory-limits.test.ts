import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkMemoryLimits, memoryLimits } from '../../runtime/memory-limits.ts'
import { throwsCode } from '../runner/expect.ts'

test('threads have a larger young generation than those of Node, unless something else is said', () => {
  assert.equal(memoryLimits(), { maxYoungGenerationSizeMb: 96 })
  assert.equal(memoryLimits({ maxYoungGenerationSizeMb: 12 }), { maxYoungGenerationSizeMb: 12 })
  assert.equal(memoryLimits({ maxOldGenerationSizeMb: 384 }), {
    maxOldGenerationSizeMb: 384,
    maxYoungGenerationSizeMb: 96,
  })
})

test('a thread with little memory keeps it for state', () => {
  assert.equal(memoryLimits({ maxOldGenerationSizeMb: 383 }), { maxOldGenerationSizeMb: 383 })
})

test('what can be no limit is refused, and said', () => {
  for (const limits of [
    64,
    null,
    { maxOldGenerationSizeMb: 0 },
    { maxYoungGenerationSizeMb: Number.NaN },
    { maxYoungGenerationSizeMb: '12' },
    { stackSizeMb: 4 },
  ])
    throwsCode(() => checkMemoryLimits(limits, 'here'), 'INVALID_ARGUMENT')
  assert.throws(
    () => checkMemoryLimits({ maxOldGeneration: 64 }, 'startCluster'),
    /^startCluster: expected resourceLimits with .*, got \{ maxOldGeneration: 64 \}$/,
  )
  assert.is(checkMemoryLimits(undefined, 'here'), undefined)
})

test.run()
