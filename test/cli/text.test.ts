import { test } from 'uvu'
import * as assert from 'uvu/assert'
import picocolors from 'picocolors'
import { columnText, grouped, textWidth } from '../../cli/cell-text.ts'
import { progressText } from '../../cli/progress.ts'
import { jsonText, totalsText } from '../../cli/report.ts'
import { tableText } from '../../cli/table.ts'
import { stylesFor } from '../../cli/terminal.ts'

const plain = picocolors.createColors(false)
const options = { columns: 80, styles: plain }

const metrics = {
  jobName: 'words',
  durationMs: 2_000,
  restarts: 0,
  staleMessages: 0,
  checkpoints: {
    completed: 0,
    failed: 0,
    lateAcknowledgements: 0,
    retentionFailures: 0,
    recent: [],
  },
  totals: {
    recordsRead: 3_000_000,
    recordsWritten: 1,
    recordsExchanged: 0,
    bytesExchanged: 27_204_000,
    recordsExpected: undefined,
  },
  subtasks: [],
}

test('numbers of a column are rounded alike', () => {
  assert.equal(columnText([1, 20, -3]).cells, ['1', '20', '-3'])
  assert.equal(columnText([1.5, 2, 1 / 3]).cells, ['1.50', '2.00', '0.33'])
  assert.equal(columnText([0.012345, 0.001]).cells, ['0.0123', '0.0010'])
  assert.equal(columnText([0.5, undefined, null]).cells, ['0.500', '', ''])
  assert.equal(columnText([NaN, Infinity, 1]).cells, ['NaN', 'Infinity', '1'])
  assert.equal(columnText([1e20, 1]).cells, ['1.000e+20', '1'])
  assert.equal(columnText([1e-9, 1e-8]).cells, ['1.000e-9', '1.000e-8'])
  assert.is(columnText([1, 2n]).align, 'right')
  assert.is(columnText([1, 'one']).align, 'left')
})

test('times lose seconds and milliseconds only where all of a column are zero', () => {
  const hour = '2001-04-05T01:00:00.000Z'
  assert.equal(columnText([hour, new Date(0)]).cells, ['2001-04-05T01:00Z', '1970-01-01T00:00Z'])
  assert.equal(columnText([hour, '2001-04-05T01:00:07.000Z']).cells, [
    '2001-04-05T01:00:00Z',
    '2001-04-05T01:00:07Z',
  ])
  assert.equal(columnText([hour, new Date(1)]).cells, [hour, '1970-01-01T00:00:00.001Z'])
  assert.equal(columnText([hour, 'soon']).cells, [hour, 'soon'])
  assert.equal(columnText([new Date(NaN)]).cells, ['invalid date'])
})

test('nothing of a record can break the line or reach the terminal as a control sequence', () => {
  assert.equal(columnText(['a\nb', '\u001b[31mred', { a: 'x\ny' }]).cells, [
    'a b',
    ' [31mred',
    "{ a: 'x\\ny' }",
  ])
})

test('wide characters count as two columns', () => {
  assert.is(textWidth('abc'), 3)
  assert.is(textWidth('東京'), 4)
  assert.is(textWidth('é'.normalize('NFD')), 1)
  assert.is(textWidth('🛬'), 2)
})

test('digits are grouped by three', () => {
  assert.is(grouped(0), '0')
  assert.is(grouped(999), '999')
  assert.is(grouped(1_000), '1,000')
  assert.is(grouped(-1_234_567.89), '-1,234,567.89')
})

test('a table has a column per field, also of records that lack it', () => {
  const text = tableText([{ a: 1 }, { b: 'x', a: 22 }], options)
  assert.is(text, ' a  b\n─────\n 1\n22  x')
})

test('heads are broken between words before a column is cut', () => {
  const row = { windowStart: '2001-04-05T01:00:00.000Z', meanDelay: 1.25, name: 'x' }
  assert.is(
    tableText([row], { columns: 40, styles: plain }),
    'windowStart        meanDelay  name\n' +
      '──────────────────────────────────\n' +
      '2001-04-05T01:00Z       1.25  x',
  )
  assert.is(
    tableText([{ ...row, city: 'Cincinnati' }], { columns: 42, styles: plain }),
    'windowStart         mean  name  city\n' +
      '                   Delay\n' +
      '──────────────────────────────────────────\n' +
      '2001-04-05T01:00Z   1.25  x     Cincinnati',
  )
})

test('every line of a table fits, however long the texts and however many the fields', () => {
  const record = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [
      `field number ${i}`,
      i % 2 === 0 ? i : 'text '.repeat(i),
    ]),
  )
  for (const columns of [40, 80, 132]) {
    const lines = tableText([record, { other: '東京'.repeat(50) }], {
      columns,
      styles: plain,
    }).split('\n')
    for (const line of lines) assert.ok(textWidth(line) <= columns, line)
    assert.match(lines.at(-1) ?? '', /^not shown: /)
  }
  const long = tableText(['x'.repeat(500)], { columns: 40, styles: plain }).split('\n')
  assert.is(long.at(-1), `${'x'.repeat(39)}…`)
})

test('totals are one line', () => {
  assert.is(
    totalsText(metrics),
    'words: 3,000,000 records in 2.00 s, 1,500,000 records/s, 27.2 MB between slots, 1 record written',
  )
})

test('JSON holds values that JSON lacks as texts, and is one line', () => {
  const rows = [{ big: 1n, map: new Map([[1, 2]]), set: new Set([1]), nan: NaN, text: 'a\nb' }]
  const collected = [{ name: 'all', rows, count: 1 }]
  const facts = { job: 'words', state: 'finished', parallelism: 1, slots: 1, metrics, collected }
  const text = jsonText(facts)
  assert.not.ok(text.includes('\n'))
  assert.equal((JSON.parse(text) as { collected: unknown }).collected, {
    all: [{ big: '1', map: [[1, 2]], set: [1], nan: null, text: 'a\nb' }],
  })
})

test('the progress line fits into narrow and wide terminals', () => {
  const state = { read: 1_860_000, expected: 3_000_000, perSecond: 612_345 }
  assert.is(
    progressText('flights', state, 80, plain),
    `flights ${'█'.repeat(12)}${'░'.repeat(8)}  62%  1,860,000 of 3,000,000 records    612,345/s`,
  )
  for (const columns of [60, 80, 200]) {
    assert.ok(textWidth(progressText('flights', state, columns, plain)) < columns)
  }
  const unknown = { ...state, expected: undefined }
  assert.is(progressText('flights', unknown, 80, plain), 'flights  1,860,000 records    612,345/s')
})

test('the progress line tells of checkpoints and restarts where there is room, of restarts first', () => {
  const unknown = { read: 5, expected: undefined, perSecond: 1, completed: 12, restarts: 1 }
  const at = (columns: number): string => progressText('job', unknown, columns, plain)
  assert.is(at(80), 'job  5 records          1/s  12 checkpoints  1 restart')
  assert.is(at(50), 'job  5 records          1/s  1 restart')
  const known = { ...unknown, read: 1_860_000, expected: 3_000_000, completed: 1, restarts: 0 }
  assert.match(progressText('job', known, 80, plain), /1\/s {2}1 checkpoint$/)
  for (const columns of [60, 70, 80, 200])
    assert.ok(textWidth(progressText('flights', known, columns, plain)) < columns)
})

test('the line of totals tells what became of checkpoints, and of restarts, and so does JSON', () => {
  const { recent, ...rest } = metrics.checkpoints
  const recovered = {
    ...metrics,
    restarts: 1,
    staleMessages: 0,
    checkpoints: { ...rest, recent, completed: 12, failed: 1 },
  }
  assert.match(
    totalsText(recovered),
    /1 record written, 12 checkpoints, 1 checkpoint failed, 1 restart$/,
  )
  const facts = { job: 'words', state: 'finished', parallelism: 1, slots: 1, collected: [] }
  const line = JSON.parse(jsonText({ ...facts, metrics: recovered })) as Record<string, unknown>
  assert.is(line['restarts'], 1)
  assert.equal(line['checkpoints'], { completed: 12, failed: 1, newest: null })
})

test('colours are for terminals only, and NO_COLOR and TERM=dumb forbid them', () => {
  const terminal = { isTTY: true }
  assert.is.not(stylesFor(terminal, {}).red('x'), 'x')
  assert.is(stylesFor(terminal, { NO_COLOR: '1' }).red('x'), 'x')
  assert.is(stylesFor(terminal, { TERM: 'dumb' }).red('x'), 'x')
  assert.is(stylesFor({}, {}).red('x'), 'x')
})

test.run()
