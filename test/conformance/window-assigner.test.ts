/**
 * Holds window assigners against cases transcribed from Flink's own tests.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { WindowAssigner } from '../../api/index.ts'
import { skip } from '../runner/expect.ts'
import { casesOf } from './cases.ts'
import { assignerOf, NotUnderstood, periodOf, timeOf as moved } from './window-cases.ts'
import type { AssignerConfig, Time } from './window-cases.ts'

type Span =
  | 'global'
  | readonly [start: Time, end: Time]
  | { readonly start: Time; readonly end: Time }

interface Case {
  readonly name: string
  readonly config: AssignerConfig
  readonly ts?: Time
  /** What the record is, where the gap comes from it. */
  readonly value?: unknown
  readonly windows?: readonly Span[]
  readonly expectError?: boolean
}

function check({ config, ts = 0, value, windows = [], expectError = false }: Case): void {
  const period = periodOf(config)
  const timeOf = (time: Time): number => moved(time, period)
  if (expectError) {
    let code: unknown
    try {
      assign(assignerOf(config), value, timeOf(ts))
    } catch (error) {
      code = (error as { readonly code?: unknown }).code
    }
    assert.is(code, 'INVALID_WINDOW')
    return
  }
  assert.equal(
    assign(assignerOf(config), value, timeOf(ts)),
    windows
      .map(endsOf)
      .map(([start, end]) => ({ start: timeOf(start), end: timeOf(end) }))
      .sort(byStart),
  )
}

function endsOf(span: Span): readonly [start: Time, end: Time] {
  if (span === 'global') return ['MIN', 'MAX']
  return 'start' in span ? [span.start, span.end] : span
}

/** By processing time, the moment is that of the clock. */
function assign(assigner: WindowAssigner, value: unknown, moment: number): object[] {
  return [...assigner.assignWindows(value, moment, { processingTime: moment })].sort(byStart)
}

function byStart(a: { readonly start: number }, b: { readonly start: number }): number {
  return a.start - b.start
}

/** What a case describes that this adapter cannot read; undefined where it can. */
function notUnderstood({ config }: Case): string | undefined {
  try {
    assignerOf(config)
  } catch (error) {
    // Errors of ours are what some cases expect.
    if (error instanceof NotUnderstood) return error.message
  }
  return undefined
}

for (const { name, given } of casesOf<Case>('window-assigner-cases.json')) {
  const lacks = notUnderstood(given)
  if (lacks !== undefined) skip(test, name, `an adapter for ${lacks}`)
  else
    test(name, () => {
      check(given)
    })
}

test.run()
