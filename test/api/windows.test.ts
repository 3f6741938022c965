/** What is said wrongly about windows is refused while the job is built, with the words for it. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  count,
  endOfStream,
  evictors,
  globalWindow,
  outputTag,
  session,
  sliding,
  triggers,
  tumbling,
  valueState,
} from '../../api/index.ts'
import type { KeyedStream, Stream, Trigger } from '../../api/index.ts'
import { operatorHarness } from '../../api/testing/index.ts'

type Words = KeyedStream<string, string>

/** A trigger that cannot merge. */
const everyRecord: Trigger = {
  name: 'every record',
  onElement: () => 'fire',
  onEventTime: () => 'continue',
  onProcessingTime: () => 'continue',
}
const late = outputTag<string>('late')
const unmergeable = { ...count(), merge: undefined } as never
const process = { process: () => undefined }

const REFUSED: readonly (readonly [
  code: string,
  text: RegExp,
  build: (words: Words) => unknown,
])[] = [
  [
    'INVALID_WINDOW',
    /A tumbling window expects a size of at least 1 whole millisecond, got 0/,
    (words) => words.window(tumbling(0)),
  ],
  [
    'INVALID_WINDOW',
    /A sliding window expects a slide of at least 1 whole millisecond, got -5/,
    (words) => words.window(sliding({ size: 10, slide: -5 })),
  ],
  [
    'INVALID_WINDOW',
    /a slide of 5 ms expects an offset of whole milliseconds between -5 and 5, both exclusive, got 5/,
    (words) => words.window(sliding({ size: 10, slide: 5, offset: 5 })),
  ],
  [
    'INVALID_WINDOW',
    /A session expects a gap of at least 1 whole millisecond, got NaN/,
    (words) => words.window(session(Number.NaN)),
  ],
  [
    'INVALID_WINDOW',
    /the time to be 'event' or 'processing', got ingestion/,
    (words) => words.window(tumbling({ size: 1, time: 'ingestion' as never })),
  ],
  [
    'INVALID_WINDOW',
    /A count window expects a size of at least 1 record, got 0/,
    (words) => words.countWindow(0),
  ],
  [
    'INVALID_WINDOW',
    /A count window expects a slide of at least 1 record, got 0.5/,
    (words) => words.countWindow(1, 0.5),
  ],
  [
    'INVALID_ARGUMENT',
    /window: the argument must be a WindowAssigner, got number 5/,
    (words) => words.window(5 as never),
  ],
  [
    'INVALID_ARGUMENT',
    /the time of 'mine' must be 'event' or 'processing', got undefined/,
    (words) => words.window({ name: 'mine', assignWindows: () => [] } as never),
  ],
  [
    'TRIGGER_CANNOT_MERGE',
    /the windows 'session\(5 ms\)' merge, but the trigger 'every record' cannot: it has no onMerge\(\)/,
    (words) => words.window(session(5)).trigger(everyRecord),
  ],
  [
    'TRIGGER_CANNOT_MERGE',
    /'purging\(delta\(1\)\)' cannot/,
    (words) => words.window(session(5)).trigger(triggers.purging(triggers.delta(1, () => 0))),
  ],
  [
    'AGGREGATE_CANNOT_MERGE',
    /the windows 'session\(5 ms\)' merge, but the aggregate cannot: it has no merge\(\)/,
    (words) => words.window(session(5)).aggregate(unmergeable),
  ],
  [
    'WINDOW_STATE_CANNOT_MERGE',
    /merge, but windowState\.seen cannot: declare it under state/,
    (words) =>
      words.window(session(5)).process({ ...process, windowState: { seen: valueState<number>() } }),
  ],
  [
    'INVALID_WINDOW',
    /earlyResults and the trigger 'count\(2\)' both say when windows fire/,
    (words) => words.window(tumbling(5)).trigger(triggers.count(2)).earlyResults({ everyMs: 5 }),
  ],
  [
    'INVALID_WINDOW',
    /results\('final'\).* the trigger 'count\(2\)' says otherwise/,
    (words) => words.window(tumbling(5)).results('final').trigger(triggers.count(2)),
  ],
  [
    'INVALID_WINDOW',
    /only the last result of a window leave, and earlyResults asks for others/,
    (words) => words.window(tumbling(5)).earlyResults({ everyRecords: 2 }).results('final'),
  ],
  [
    'INVALID_WINDOW',
    /results\('final'\) needs windows that come to an end; 'global' fires by its trigger alone/,
    (words) => words.window(globalWindow()).results('final'),
  ],
  [
    'INVALID_WINDOW',
    /allowedLateness: records are never late for 'tumbling\(5 ms, processing time\)', which goes by the clock/,
    (words) => words.window(tumbling({ size: 5, time: 'processing' })).allowedLateness(5),
  ],
  [
    'INVALID_WINDOW',
    /sideOutputLate: records are never late for 'endOfStream', which never ends/,
    (words) => words.window(endOfStream()).sideOutputLate(late),
  ],
  [
    'INVALID_WINDOW',
    /trigger was called before: say it once for a window/,
    (words) => words.countWindow(5).trigger(triggers.count(2)),
  ],
  [
    'INVALID_ARGUMENT',
    /allowedLateness must be a number of ms from 0, got number -1/,
    (words) => words.window(tumbling(5)).allowedLateness(-1),
  ],
  [
    'INVALID_ARGUMENT',
    /results must be 'updates' or 'final', got "last"/,
    (words) => words.window(tumbling(5)).results('last' as never),
  ],
  [
    'INVALID_ARGUMENT',
    /earlyResults must be \{ everyMs \} or \{ everyRecords \}.* got \{"everyMs":0\}/,
    (words) => words.window(tumbling(5)).earlyResults({ everyMs: 0 }),
  ],
  [
    'INVALID_ARGUMENT',
    /got \{"everyMs":5,"everyRecords":5\}/,
    (words) => words.window(tumbling(5)).earlyResults({ everyMs: 5, everyRecords: 5 }),
  ],
  [
    'INVALID_ARGUMENT',
    /trigger: the argument must be a Trigger; an object \(Object\) has no onElement\(\)/,
    (words) => words.window(tumbling(5)).trigger({ name: 'none' } as never),
  ],
  [
    'INVALID_ARGUMENT',
    /evictor: 'idle' must have evictBefore\(\) or evictAfter\(\), or both/,
    (words) => words.window(tumbling(5)).evictor({ name: 'idle' }),
  ],
  [
    'INVALID_ARGUMENT',
    /sideOutputLate: the name of the tag/,
    (words) => words.window(tumbling(5)).sideOutputLate({} as never),
  ],
  [
    'INVALID_ARGUMENT',
    /process: process must be a function, got undefined/,
    (words) => words.window(tumbling(5)).process({} as never),
  ],
  [
    'INVALID_ARGUMENT',
    /unknown field 'procces' in the definition/,
    (words) => words.window(tumbling(5)).process({ procces: () => undefined } as never),
  ],
  [
    'INVALID_ARGUMENT',
    /must be a descriptor of keyed state/,
    (words) => words.window(tumbling(5)).process({ ...process, windowState: { seen: 5 as never } }),
  ],
  [
    'DUPLICATE_STATE',
    /state\.seen \(value\) and windowState\.seen \(value\) are both stored under the name 'seen'/,
    (words) =>
      words.window(tumbling(5)).process({
        ...process,
        state: { seen: valueState<number>() },
        windowState: { seen: valueState<number>() },
      }),
  ],
  [
    'INVALID_ARGUMENT',
    /aggregate: the first argument must be an AggregateFunction/,
    (words) => words.window(tumbling(5)).aggregate({} as never),
  ],
  [
    'INVALID_ARGUMENT',
    /reduce: the function must be a function/,
    (words) => words.window(tumbling(5)).reduce(undefined as never),
  ],
  ['INVALID_EVICTOR', /count expects a whole number from 0, got -1/, () => evictors.count(-1)],
  [
    'INVALID_EVICTOR',
    /time expects a number of ms from 0, got NaN/,
    () => evictors.time(Number.NaN),
  ],
  [
    'INVALID_EVICTOR',
    /'when' must be 'before' or 'after', got later/,
    () => evictors.count(1, { when: 'later' as never }),
  ],
]

for (const [code, text, build] of REFUSED) {
  test(`${code}: ${text.source}`, () => {
    let thrown: unknown
    try {
      operatorHarness((words: Stream<string>) => {
        build(words.keyBy((word) => word))
        return words
      })
    } catch (error) {
      thrown = error
    }
    assert.is((thrown as { readonly code?: unknown } | undefined)?.code, code)
    assert.match((thrown as Error).message, text)
  })
}

test('an aggregate that cannot merge will do where windows do not, and behind an evictor', () => {
  const harness = operatorHarness((words: Stream<string>) => {
    const keyed = words.keyBy((word) => word)
    return {
      sliding: keyed.window(sliding({ size: 10, slide: 5 })).aggregate(unmergeable),
      evicted: keyed.window(session(5)).evictor(evictors.count(3)).aggregate(unmergeable),
    }
  })
  harness.processRecord('a', 7)
  harness.processWatermark(100)
  assert.equal(harness.takeValues('sliding'), [1, 1])
  assert.equal(harness.takeValues('evicted'), [1])
  harness.close()
})

test('settings make new windows and leave the old ones as they are', () => {
  const harness = operatorHarness((words: Stream<string>) => {
    const windows = words.keyBy((word) => word).window(tumbling(10))
    const counted = windows.trigger(triggers.count(1))
    return { plain: windows.aggregate(count()), counted: counted.aggregate(count()) }
  })
  harness.processRecord('a', 0)
  assert.equal(harness.takeValues('plain'), [])
  assert.equal(harness.takeValues('counted'), [1])
  harness.close()
})

test.run()
