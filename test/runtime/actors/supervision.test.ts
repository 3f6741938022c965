import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  backoffMs,
  codeOf,
  decide,
  resolveSupervision,
} from '../../../runtime/actors/supervision.ts'
import type { Directive, Supervision } from '../../../runtime/actors/supervision.ts'
import { throwsCode } from '../../runner/expect.ts'

const DIRECTIVES: readonly Directive[] = ['restart', 'resume', 'stop', 'escalate']

const supervisions: fc.Arbitrary<Supervision> = fc.record(
  {
    onFailure: fc.constantFrom(...DIRECTIVES),
    byCode: fc.dictionary(fc.string({ maxLength: 3 }), fc.constantFrom(...DIRECTIVES)),
    maxRestarts: fc.nat(5),
    withinMs: fc.integer({ min: 1, max: 1_000 }),
    whenExceeded: fc.constantFrom('stop' as const, 'escalate' as const),
    backoff: fc.record({
      firstMs: fc.nat(100),
      factor: fc.integer({ min: 1, max: 4 }),
      maxMs: fc.nat(10_000),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { requiredKeys: [] },
)
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('within any window there are never more restarts than allowed', () => {
  fc.assert(
    fc.property(
      supervisions,
      fc.array(fc.tuple(fc.nat(400), fc.option(fc.string({ maxLength: 3 })), unit)),
      (options, failures) => {
        const policy = resolveSupervision({ ...options, onFailure: 'restart' })
        let restarts: readonly number[] = []
        const all: number[] = []
        let nowMs = 0
        for (const [spanMs, code, random] of failures) {
          nowMs += spanMs
          const decision = decide(policy, restarts, code ?? undefined, nowMs, random)
          if (decision.action !== 'restart') continue
          restarts = decision.restarts
          all.push(nowMs)
        }
        for (const end of all) {
          const counted = all.filter((at) => at <= end && end - at < policy.withinMs)
          assert.ok(counted.length <= Math.max(policy.maxRestarts, 0))
        }
      },
    ),
  )
})

test('what is decided depends on the code first, then on the directive', () => {
  fc.assert(
    fc.property(supervisions, fc.string({ maxLength: 3 }), unit, (options, code, random) => {
      const policy = resolveSupervision({ ...options, maxRestarts: Number.POSITIVE_INFINITY })
      const own = Object.hasOwn(policy.byCode, code) ? policy.byCode[code] : policy.onFailure
      assert.is(decide(policy, [], code, 0, random).action, own)
      assert.is(decide(policy, [], undefined, 0, random).action, policy.onFailure)
    }),
  )
})

test('the wait grows with the restarts, within its bounds', () => {
  fc.assert(
    fc.property(supervisions, fc.nat(50), unit, (options, earlier, random) => {
      const policy = resolveSupervision(options)
      const waitMs = backoffMs(policy, earlier, random)
      assert.ok(waitMs >= 0 && waitMs <= policy.maxMs)
      assert.ok(backoffMs(policy, earlier + 1, random) >= waitMs)
      assert.ok(waitMs >= backoffMs(policy, earlier, 0) * (1 - policy.jitter))
    }),
  )
})

test('restarts that are older than the window do not count', () => {
  const policy = resolveSupervision({ maxRestarts: 1, withinMs: 100, backoff: { firstMs: 0 } })
  assert.equal(decide(policy, [0], undefined, 99, 0), { action: 'stop' })
  assert.equal(decide(policy, [0], undefined, 100, 0), {
    action: 'restart',
    delayMs: 0,
    restarts: [100],
  })
})

test('when restarts are used up, it escalates if told so', () => {
  const policy = resolveSupervision({ maxRestarts: 0, whenExceeded: 'escalate' })
  assert.equal(decide(policy, [], undefined, 0, 0), { action: 'escalate' })
})

test('a code such as "constructor" is not looked up in the prototype', () => {
  const policy = resolveSupervision({ onFailure: 'stop' })
  assert.equal(decide(policy, [], 'constructor', 0, 0), { action: 'stop' })
})

test('values out of range are refused by name', () => {
  const wrong: readonly unknown[] = [
    { onFailure: 'explode' },
    { byCode: { A: 'nothing' } },
    { maxRestarts: -1 },
    { maxRestarts: 1.5 },
    { withinMs: 0 },
    { whenExceeded: 'restart' },
    { backoff: { firstMs: -1 } },
    { backoff: { factor: 0.5 } },
    { backoff: { maxMs: Number.POSITIVE_INFINITY } },
    { backoff: { jitter: 2 } },
    { backoff: { firstMs: Number.NaN } },
  ]
  for (const options of wrong) {
    throwsCode(() => resolveSupervision(options as Supervision), 'INVALID_SUPERVISION')
  }
})

test('unknown options are refused with the known ones', () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ["supervision: unknown option 'maxRetries'; known are onFailure, byCode", { maxRetries: 3 }],
    [
      "supervision.backoff: unknown option 'first'; did you mean 'firstMs'? (known are firstMs, factor",
      { backoff: { first: 5 } },
    ],
  ]
  for (const [message, options] of wrong) {
    const error = throwsCode(() => resolveSupervision(options as Supervision), 'INVALID_ARGUMENT')
    assert.ok((error as Error).message.startsWith(message))
  }
  for (const options of [null, 'stop', { backoff: 5 }]) {
    throwsCode(() => resolveSupervision(options as Supervision), 'INVALID_SUPERVISION')
  }
})

test('the code of anything thrown is found or undefined', () => {
  assert.is(codeOf({ code: 'A' }), 'A')
  for (const thrown of [null, undefined, 'text', { code: 5 }, new Error('none')]) {
    assert.is(codeOf(thrown), undefined)
  }
})

test.run()
