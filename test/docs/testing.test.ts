/** The examples of docs/testing.md are the ones that run here. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkPage } from './page.ts'
import {
  firstMinute,
  inEveryMode,
  lateRecords,
  leftAfterAMinute,
  restoredAtParallelismTwo,
  wholePipeline,
} from './testing-guide.ts'

test('the page shows the examples', async () => {
  await checkPage('docs/testing.md', 'test/docs/testing-guide.ts')
})

test('one operator', () => {
  assert.equal(firstMinute(), ['/home: 2'])
  assert.equal(inEveryMode(), [['/home: 2'], ['/home: 2'], ['/home: 2']])
  assert.equal(leftAfterAMinute(), ['ann is gone'])
})

test('restored by two subtasks, every page comes out once', () => {
  const halves = restoredAtParallelismTwo()
  assert.is(halves.length, 2)
  assert.equal(halves.flat().sort(), ['/a: 1', '/b: 1', '/c: 1', '/d: 1'])
})

test('a whole pipeline', async () => {
  await wholePipeline()
  await lateRecords()
})

test.run()
