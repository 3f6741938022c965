import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { writeText } from '../../mailbox/buffer-text.ts'

function written(text: string): { readonly width: number; readonly back: string } {
  const bytes = Buffer.alloc(2 * text.length + 8, 0xee)
  const width = writeText(bytes, text, 3)
  const end = 3 + width * text.length
  assert.ok(
    bytes.subarray(end).every((byte) => byte === 0xee),
    'nothing is written behind the text',
  )
  return { width, back: width === 1 ? bytes.latin1Slice(3, end) : bytes.ucs2Slice(3, end) }
}

/** The same characters, held in two bytes each. */
function wide(text: string): string {
  return `\u0100${text}`.slice(1)
}

test('what Latin-1 holds takes one byte per character, however V8 keeps it', () => {
  for (const text of ['', 'abc', 'é'.repeat(40), '\0\x7f\x80\xff', 'line\nline\r\u0085']) {
    assert.equal(written(text), { width: 1, back: text })
    const long = text.repeat(20)
    assert.equal(written(wide(long)), { width: 1, back: long })
  }
})

test('anything else takes two, lone surrogates and late characters included', () => {
  for (const text of ['Ā', '\ud800', 'a\udc00b', '😀', `${'x'.repeat(5_000)}\nœ`, '\u2028\uffff']) {
    assert.equal(written(text), { width: 2, back: text })
  }
})

test('a text that was joined piece by piece is written like a flat one', () => {
  let [narrow, mixed] = ['', '']
  for (let i = 0; i < 500; i++) {
    narrow += `piece ${i} é `
    mixed += i === 250 ? '語' : `piece ${i} `
  }
  assert.equal(written(narrow), { width: 1, back: narrow })
  assert.equal(written(mixed), { width: 2, back: mixed })
})

test.run()
