import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count } from '../../operators/aggregates/aggregates.ts'
import { canonicalKey, originalKey } from '../../checkpoint/canonical-key.ts'
import { detach, detachKey } from '../../checkpoint/detach.ts'
import { windowAggregate } from '../../operators/windows/window-aggregate.ts'
import { endOfStream } from '../../operators/windows/window-assigner.ts'
import { Collector, fakeContext } from '../operators/operator-fakes.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const LINES = 300
const LINE_BYTES = 100_000

/** Cuts a key of 20 characters out of each of many long lines. */
function* keysCutFromLines(): Generator<string> {
  for (let i = 0; i < LINES; i++) {
    const line = Buffer.alloc(LINE_BYTES, `key number ${String(i).padStart(9, '0')}|`).toString(
      'latin1',
    )
    yield line.slice(0, 20)
  }
}

function heapGrowth(work: () => unknown): number {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const kept = work()
  collectGarbage()
  const growth = process.memoryUsage().heapUsed - before
  assert.ok(kept)
  return growth
}

test('a detached string equals the original', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, from) => {
      assert.is(detach(text.slice(from)), text.slice(from))
    }),
  )
  assert.is(detachKey('some key with many characters'), 'some key with many characters')
  assert.is(detachKey(5), 5)
})

test('a plain slice keeps its parent alive, so that the next test can fail', () => {
  assert.ok(heapGrowth(() => [...keysCutFromLines()]) > (LINES * LINE_BYTES) / 2)
})

test('a detached slice does not keep its parent alive', () => {
  assert.ok(heapGrowth(() => Array.from(keysCutFromLines(), detach)) < (LINES * LINE_BYTES) / 20)
})

test('what was detached once is handed out again, also for an equal text', () => {
  const texts = fc.array(fc.constantFrom('a long text, first', 'a long text, other', 'short'))
  fc.assert(fc.property(texts, (all) => assert.equal(all.map(detach), all)))
})

/** Bytes that are allocated meanwhile, whether they are kept or not: the median of some, for a collection may come between, and V8 compiles. */
function allocated(work: () => unknown): number {
  const runs = Array.from({ length: 9 }, () => {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    work()
    return process.memoryUsage().heapUsed - before
  })
  return runs.toSorted((a, b) => a - b)[4] as number
}

test('detaching a composite key costs no copy', () => {
  const keys = Array.from({ length: 5_000 }, (_, i) => [`a key of some length`, i])
  const spelled = allocated(() => keys.map((key) => canonicalKey(key)))
  const detached = allocated(() => keys.map((key) => detach(canonicalKey(key) as string)))
  assert.ok(spelled > 5_000 * 16, `${spelled} bytes`)
  assert.ok(detached < spelled * 1.2, `${detached} instead of ${spelled} bytes`)
})

test('canonical keys tell apart what differs, however many numbers there are', () => {
  const integer = fc.integer()
  fc.assert(
    fc.property(fc.array(fc.tuple(integer, integer), { minLength: 1 }), (keys) => {
      for (const key of keys)
        assert.equal(originalKey(canonicalKey(key)), JSON.parse(JSON.stringify(key)))
    }),
  )
  // Numbers that share a place among the spellings that are kept.
  for (const value of [0, 4_096, -0, 8_192, -4_096, 0, 0.5, 4_096.5, 2 ** 40])
    assert.equal(originalKey(canonicalKey([value])), [value === 0 ? 0 : value])
})

test('the keys in a window keep nothing but themselves, plain or inside a tuple', () => {
  for (const key of [(text: string): unknown => text, (text: string): unknown => [text, 1]]) {
    const operator = windowAggregate({ assigner: endOfStream(), aggregate: count(), key })
    operator.open(fakeContext(), new Collector())
    const growth = heapGrowth(() => {
      for (const text of keysCutFromLines()) operator.processRecord(text, 0)
      return operator
    })
    operator.close()
    assert.ok(growth < (LINES * LINE_BYTES) / 20, `grew by ${growth} bytes`)
  }
})

test.run()
