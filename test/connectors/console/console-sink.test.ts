import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { consoleSink } from '../../../connectors/console/index.ts'
import { failureOf } from '../drive.ts'

const program = fileURLToPath(new URL('./print.js', import.meta.url))

async function run(
  count: number,
  readAll: boolean,
): Promise<{ out: string; end: string; code: unknown }> {
  const child = spawn(process.execPath, [program, String(count)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let end = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (end += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (!readAll) child.stdout.destroy()
  })
  const [code] = (await once(child, 'close')) as [unknown]
  return { out, end, code }
}

test('every line arrives whole, in the order of its subtask', async () => {
  const { out, end } = await run(20_000, true)
  assert.is(end, 'finished')
  const lines = out.split('\n')
  assert.is(lines.pop(), '')
  assert.is(lines.length, 20_000)
  const last = [-1, -1]
  for (const line of lines) {
    const found = /^p:([12])> \{ index: (\d+), text: 'ä{20}' \}$/.exec(line)
    assert.ok(found, line)
    const subtask = Number(found[1]) - 1
    assert.ok(Number(found[2]) > last[subtask]!, line)
    last[subtask] = Number(found[2])
  }
})

test('a reader that goes away ends the sink with OUTPUT_CLOSED and the process well', async () => {
  const { end, code } = await run(200_000, false)
  assert.is(end, 'OUTPUT_CLOSED')
  assert.is(code, 0)
})

test('wrong arguments are refused at once', async () => {
  for (const options of [{ to: 'file' }, { prefix: 1 }, { format: 'json' }]) {
    assert.is((await failureOf(() => consoleSink(options as never))).code, 'INVALID_ARGUMENT')
  }
})

test.run()
