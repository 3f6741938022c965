/** What texts of CSV fields are worth. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { csvParser, parseTime } from '../../../connectors/csv/csv-values.ts'

test('days that no calendar has are no times', () => {
  for (const text of [
    '2024-02-30',
    '2023-02-29T10:00:00Z',
    '2024-04-31 10:00',
    '2024-01-32',
    '2024-01-00',
    '-000000-01-01',
  ]) {
    assert.is(parseTime(text), undefined, text)
  }
  for (const [text, iso] of [
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29 23:59:59.9999', '2000-02-29T23:59:59.999Z'],
    ['2024-01-31T00:30:00+02:00', '2024-01-30T22:30:00.000Z'],
    ['2024-12-31T24:00Z', '2025-01-01T00:00:00.000Z'],
    ['-000001-12-31', '-000001-12-31T00:00:00.000Z'],
  ] as const) {
    const time = parseTime(text)
    assert.is(time === undefined ? time : new Date(time).toISOString(), iso, text)
  }
})

test('milliseconds that a number cannot hold exactly are no time, and those that a date cannot hold are no date', () => {
  assert.is(parseTime('9007199254740991'), Number.MAX_SAFE_INTEGER)
  assert.is(parseTime('9007199254740993'), undefined)
  assert.is(parseTime('-0'), 0)
  const parseDate = csvParser('date')
  assert.equal(parseDate('8640000000000000'), new Date(8.64e15))
  assert.is(parseDate('8640000000000001'), undefined)
})

test.run()
