import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LineSplitter } from '../../../connectors/socket/line-splitter.ts'

/** What a splitter makes of pieces: lines as text, those that are too long with a mark. */
function split(pieces: readonly string[], maxLineBytes: number): string[] {
  const splitter = new LineSplitter(maxLineBytes)
  const lines: string[] = []
  for (const piece of pieces) {
    splitter.push(Buffer.from(piece, 'latin1'))
    for (let line = splitter.next(); line !== undefined; line = splitter.next()) {
      lines.push(line.toString('latin1') + (splitter.tooLong ? '…' : ''))
    }
  }
  const last = splitter.end()
  if (last !== undefined) lines.push(last.toString('latin1'))
  return lines
}

test('lines are the same however the bytes are cut, and none is longer than it may be', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n', '\n'), maxLength: 60 })
  fc.assert(
    fc.property(
      text,
      fc.array(fc.nat(8), { maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      (whole, cuts, most) => {
        const pieces: string[] = []
        let from = 0
        for (const cut of cuts) {
          pieces.push(whole.slice(from, from + cut))
          from += cut
        }
        pieces.push(whole.slice(from))
        const parts = whole.split('\n')
        const last = parts.pop()!
        const expected = parts.map((line) =>
          line.length > most ? `${line.slice(0, most)}…` : line.replace(/\r$/, ''),
        )
        if (last.length > most) expected.push(`${last.slice(0, most)}…`)
        else if (last !== '') expected.push(last.replace(/\r$/, ''))
        assert.equal(split(pieces, most), expected)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('of an endless line nothing is kept but its beginning', () => {
  const splitter = new LineSplitter(10)
  const piece = Buffer.alloc(8, 'x')
  const found: string[] = []
  for (let round = 0; round < 1_000; round++) {
    splitter.push(piece)
    const line = splitter.next()
    if (line !== undefined) found.push(`${line.toString()} ${splitter.tooLong}`)
  }
  assert.equal(found, ['xxxxxxxxxx true'])
  splitter.push(Buffer.from('x\nshort\n'))
  assert.is(splitter.next()?.toString(), 'short')
  assert.is(splitter.end(), undefined)
})

test.run()
