/**
 * Holds the restart strategies against cases transcribed from Flink's own tests.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  exponentialDelay,
  failureRate,
  fixedDelay,
  noRestart,
} from '../../checkpoint/recovery/restart-strategy.ts'
import type {
  RestartDecisions,
  RestartStrategy,
} from '../../checkpoint/recovery/restart-strategy.ts'
import { seededRandom } from '../../runtime/seeded-random.ts'
import { testCases } from './cases.ts'

type StrategyCase =
  | {
      readonly kind: 'exponentialDelay'
      readonly initialBackoffMs: number
      readonly maxBackoffMs: number
      readonly multiplier: number
      readonly resetThresholdMs: number
      readonly jitterFactor: number
    }
  | {
      readonly kind: 'failureRate'
      readonly maxFailuresPerInterval: number
      readonly intervalMs: number
      readonly backoffMs: number
    }
  | { readonly kind: 'fixedDelay'; readonly maxAttempts: number; readonly backoffMs: number }
  | { readonly kind: 'noRestart' }

type Step =
  | { readonly op: 'failure' }
  | { readonly op: 'advanceClock'; readonly ms?: number; readonly expr?: string }
  | { readonly op: 'expectCanRestart'; readonly value: boolean }
  | { readonly op: 'expectBackoff' | 'expectBackoffAtMost'; readonly ms: number }
  | { readonly op: 'expectBackoffSet'; readonly ms: readonly number[] }

interface Case {
  readonly name: string
  readonly strategy: StrategyCase
  readonly steps: readonly Step[]
}

const DRAWS = 1_000

function strategyOf(given: StrategyCase): RestartStrategy {
  switch (given.kind) {
    case 'exponentialDelay':
      return exponentialDelay({
        initialMs: given.initialBackoffMs,
        maxMs: given.maxBackoffMs,
        multiplier: given.multiplier,
        resetAfterMs: given.resetThresholdMs,
        jitter: given.jitterFactor,
      })
    case 'failureRate': {
      const { maxFailuresPerInterval: failures, intervalMs, backoffMs: delayMs } = given
      return failureRate({ failures, intervalMs, delayMs })
    }
    case 'fixedDelay':
      return fixedDelay({ attempts: given.maxAttempts, delayMs: given.backoffMs })
    case 'noRestart':
      return noRestart()
  }
  throw new Error(`the adapter knows no strategy ${JSON.stringify(given)}`)
}

/** The sums of names and numbers that the cases write: `resetThresholdMs + currentBackoff - 1`. */
function evaluate(expression: string, names: Readonly<Record<string, number>>): number {
  const terms = expression.replaceAll('-', '+ -').split('+')
  return terms.reduce((sum, term) => {
    const text = term.replaceAll(' ', '')
    const sign = text.startsWith('-') ? -1 : 1
    const name = text.replace('-', '')
    const value = names[name] ?? Number(name)
    if (Number.isNaN(value)) throw new Error(`the case speaks of an unknown '${name}'`)
    return sum + sign * value
  }, 0)
}

function draws(decisions: RestartDecisions): number[] {
  const seen = new Set(Array.from({ length: DRAWS }, () => decisions.backoffMs()))
  return [...seen].sort((a, b) => a - b)
}

function check({ strategy, steps }: Case): void {
  let clock = 0
  const decisions = strategyOf(strategy).start({ now: () => clock, random: seededRandom(7) })
  for (const step of steps) {
    switch (step.op) {
      case 'failure':
        decisions.failed()
        break
      case 'advanceClock':
        clock +=
          step.ms ??
          evaluate(step.expr ?? '', {
            ...(strategy as unknown as Record<string, number>),
            currentBackoff: decisions.backoffMs(),
          })
        break
      case 'expectCanRestart':
        assert.is(decisions.canRestart, step.value)
        break
      case 'expectBackoff':
        assert.equal(draws(decisions), [step.ms])
        break
      case 'expectBackoffAtMost':
        assert.ok(draws(decisions).every((ms) => ms <= step.ms))
        break
      case 'expectBackoffSet':
        assert.equal(draws(decisions), step.ms)
        break
      default:
        throw new Error(`the adapter knows no step ${JSON.stringify(step)}`)
    }
  }
}

testCases('restart-strategy-cases.json', check)

test.run()
