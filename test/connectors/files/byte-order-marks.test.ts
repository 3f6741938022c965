/** U+FEFF is a byte order mark at the beginning of a file, and a character anywhere else. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { csvSource } from '../../../connectors/csv/index.ts'
import { jsonLinesSource } from '../../../connectors/json-lines/index.ts'
import { readSource, withFolder } from '../drive.ts'

const MARK = '\ufeff'

for (const begin of ['', MARK]) {
  const file = begin === '' ? 'a file without a mark' : 'a file with a mark'

  test(`fields of CSV keep theirs, wherever a batch begins: ${file}`, () =>
    withFolder(async (folder) => {
      const path = join(folder, 'marks.csv')
      const names = [`${MARK}a`, MARK, `${MARK}${MARK}b`, `c${MARK}`]
      const rows = names.map((name) => `${name},1\r\n`)
      writeFileSync(path, `${begin}name,n\r\n${rows.join('')}`)
      for (const batchSize of [1, 2, 3, 1024]) {
        assert.equal(
          await readSource(csvSource({ path }), { batchSize }),
          names.map((name) => ({ name, n: '1' })),
        )
      }
    }))

  test(`each line of JSON is read once, wherever the file is cut: ${file}`, () =>
    withFolder(async (folder) => {
      const path = join(folder, 'marks.jsonl')
      for (const lines of [[], ['7'], ['"a"', '{}', `"${MARK}"`], ['', '1', '', '2']]) {
        const text = begin + lines.join('\n')
        writeFileSync(path, text)
        for (let splitBytes = 1; splitBytes <= Buffer.byteLength(text) + 1; splitBytes++) {
          assert.equal(
            await readSource(jsonLinesSource({ path, splitBytes }), { parallelism: 2 }),
            lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown),
            `${JSON.stringify(text)} in splits of ${splitBytes}`,
          )
        }
      }
    }))
}

test.run()
