import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { suitesNotRun } from './discover.ts'

const source = (...lines: string[]): string => lines.join('\n')

test('a file that runs its tests after the last one has no lost suites', () => {
  const text = source("test('a', () => {", "  pattern.test('x')", '})', 'test.run()')
  assert.equal(suitesNotRun(text), [])
})

test('tests after the last run are lost', () => {
  assert.equal(suitesNotRun(source('test.run()', "test('a', () => {})")), ['test'])
  assert.equal(suitesNotRun(source("test.only('a', () => {})")), ['test'])
})

test('every suite needs a run of its own', () => {
  const text = source(
    "const rings = suite('rings')",
    'let $links = suite("links")',
    "rings('a', () => {})",
    "$links('b', () => {})",
    'rings.run()',
  )
  assert.equal(suitesNotRun(text), ['$links'])
})

test.run()
