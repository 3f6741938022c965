import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { OpenWindows } from '../../../operators/windows/open-windows.ts'

const openWindows = () => new OpenWindows((start, end) => ({ start, end }))

test('windows stand in the order of their ends, in whatever order they are opened, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 })), (starts) => {
      const windows = openWindows()
      for (const start of starts) assert.is(windows.open(start, start + 10).start, start)
      const expected = [...new Set(starts)].toSorted((a, b) => a - b)
      assert.equal(
        windows.all.map(({ start }) => start),
        expected,
      )
      for (const start of expected) {
        assert.is(windows.first?.start, start)
        windows.removeFirst()
      }
      assert.is(windows.first, undefined)
    }),
  )
})

test('an open window is given again, one that was removed is not', () => {
  const windows = openWindows()
  const first = windows.open(0, 10)
  assert.is(windows.open(0, 10), first)
  windows.removeFirst()
  assert.is.not(windows.open(0, 10), first)
  windows.clear()
  assert.equal(windows.all, [])
  windows.removeFirst()
  assert.is(windows.first, undefined)
})

test.run()
