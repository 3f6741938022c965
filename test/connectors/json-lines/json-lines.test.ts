import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { jsonLinesSink, jsonLinesSource } from '../../../connectors/json-lines/index.ts'
import {
  drain,
  failureOf,
  readerContext,
  readResuming,
  readSource,
  splitsOf,
  withFolder,
  writeSink,
} from '../drive.ts'

test('whatever JSON can hold is written and read back, by any split size, batch size and number of readers', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'any.jsonl')
    return fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue({ depthSize: 'small' }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 8 }),
        async (values, splitBytes, parallelism, batchSize) => {
          await writeSink(jsonLinesSink({ path }), [[values]])
          const back = await readSource(jsonLinesSource({ path, splitBytes }), {
            parallelism,
            batchSize,
          })
          assert.equal(back, JSON.parse(JSON.stringify(values)))
        },
      ),
      { numRuns: 150 },
    )
  })
})

test('what is no file that can be read again is refused, and not taken for an empty one', async () => {
  const error = await failureOf(() => readSource(jsonLinesSource({ path: devNull })))
  assert.is(error.code, 'FILE_NOT_READABLE')
  assert.match(error.message, 'it is a pipe or a device')
})

test('a reader opened at any position of another goes on exactly there', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'resume.jsonl')
    const lines = Array.from({ length: 23 }, (_, n) =>
      JSON.stringify({ n, text: 'ä€😀'.repeat(n % 4) }),
    )
    writeFileSync(path, '\uFEFF' + lines.join('\r\n') + '\n\n  \n')
    const source = jsonLinesSource<{ n: number }>({
      path,
      splitBytes: 150,
      parse: (value) => value as { n: number },
    })
    const all: number[] = []
    for (const split of await splitsOf(source)) {
      const halves = await readResuming(source, split, 3)
      for (const records of halves) assert.equal(records, halves[0])
      all.push(...(halves[0] ?? []).map(({ n }) => n))
    }
    assert.equal(
      all,
      Array.from({ length: 23 }, (_, n) => n),
    )
  })
})

test('lines longer than the read buffer pass', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'long.jsonl')
    const values = [1, 'x'.repeat(1_500_000), 2, 'y'.repeat(300_000), 3]
    writeFileSync(path, values.map((value) => JSON.stringify(value)).join('\n'))
    assert.equal(
      await readSource(jsonLinesSource({ path, splitBytes: 400_000 }), { parallelism: 2 }),
      values,
    )
    assert.equal(await readSource(jsonLinesSource({ path })), values)
  })
})

test('several files are read one after the other', async () => {
  await withFolder(async (folder) => {
    const paths = ['a.jsonl', 'b.jsonl', 'c.jsonl'].map((name) => join(folder, name))
    for (const [index, path] of paths.entries())
      writeFileSync(path, index === 1 ? '' : `${index}\n${index}`)
    assert.equal(await readSource(jsonLinesSource({ paths })), [0, 0, 2, 2])
    assert.is(jsonLinesSource({ paths }).name, 'jsonLines(a.jsonl and 2 more)')
  })
})

test('a bad line is named by file, line and text, after the good ones before it were handed out', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'bad.jsonl')
    writeFileSync(path, '{"a":1}\n\n{"a":2}\n{"a":oops}\n{"a":3}\n')
    for (const splitBytes of [7, 20, 1000]) {
      const source = jsonLinesSource({ path, splitBytes })
      const seen: unknown[] = []
      const failure = await failureOf(async () => {
        for (const split of await splitsOf(source)) {
          const reader = await source.open(split, readerContext())
          try {
            for (let batch = await reader.read(); batch !== undefined; batch = await reader.read())
              seen.push(...batch)
          } finally {
            await reader.close?.()
          }
        }
      })
      assert.equal(seen, [{ a: 1 }, { a: 2 }])
      assert.is(failure.code, 'BAD_JSON_LINE')
      assert.match(failure.message, `${path}, line 4: `)
      assert.match(failure.message, '{"a":oops}')
    }
  })
})

test('a line that is not UTF-8 or that `parse` refuses is a bad line', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'bytes.jsonl')
    writeFileSync(
      path,
      Buffer.concat([Buffer.from('"ok"\n"'), Buffer.from([0xff, 0xfe]), Buffer.from('"\n')]),
    )
    const bytes = await failureOf(() => readSource(jsonLinesSource({ path })))
    assert.is(bytes.code, 'BAD_JSON_LINE')
    assert.match(bytes.message, 'line 2: it is not valid UTF-8')
    writeFileSync(path, '1\n2\n')
    const refuse = (value: unknown): number => {
      if (value === 2) throw new Error('two is not welcome')
      return 1
    }
    const refused = await failureOf(() => readSource(jsonLinesSource({ path, parse: refuse })))
    assert.is(refused.code, 'BAD_JSON_LINE')
    assert.match(refused.message, 'line 2: two is not welcome')
  })
})

test('a file that is missing, a folder, or cut while it is read gives an error with a code', async () => {
  await withFolder(async (folder) => {
    const missing = join(folder, 'missing.jsonl')
    assert.is(
      (await failureOf(() => readSource(jsonLinesSource({ path: missing })))).code,
      'FILE_NOT_FOUND',
    )
    assert.is(
      (await failureOf(() => readSource(jsonLinesSource({ path: folder })))).code,
      'FILE_NOT_READABLE',
    )
    const path = join(folder, 'cut.jsonl')
    writeFileSync(path, '1\n2\n3\n')
    const source = jsonLinesSource({ path })
    const [split] = await splitsOf(source)
    writeFileSync(path, '1\n')
    const failure = await failureOf(async () => {
      await drain(await source.open(split!, readerContext()))
    })
    assert.is(failure.code, 'FILE_CHANGED')
  })
})

test('wrong arguments are refused at once', async () => {
  for (const make of [
    () => jsonLinesSource({}),
    () => jsonLinesSource({ path: 'a', paths: ['b'] }),
    () => jsonLinesSource({ paths: [] }),
    () => jsonLinesSource({ path: 'a', splitBytes: 0 }),
    () => jsonLinesSource({ path: 'a', parse: 1 as never }),
    () => jsonLinesSink({ path: '' }),
    () => jsonLinesSink({ path: undefined as never }),
  ]) {
    assert.is((await failureOf(make)).code, 'INVALID_ARGUMENT')
  }
})

test('dates are written as ISO 8601 and bigints as digits, whatever came before', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'values.jsonl')
    const big = 2n ** 70n
    await writeSink(jsonLinesSink({ path }), [
      [[{ at: new Date(0), n: 1 }], [{ n: 2 }, { n: big, list: [big] }], [{ at: new Date(1) }]],
    ])
    assert.is(
      readFileSync(path, 'utf8'),
      `{"at":"1970-01-01T00:00:00.000Z","n":1}\n{"n":2}\n{"n":"${big}","list":["${big}"]}\n{"at":"1970-01-01T00:00:00.001Z"}\n`,
    )
  })
})

test('a record that JSON cannot hold is refused', async () => {
  await withFolder(async (folder) => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    for (const record of [undefined, () => 1, cycle]) {
      const writer = await jsonLinesSink({ path: join(folder, 'x') }).open({
        subtaskIndex: 0,
        parallelism: 1,
      })
      assert.is(
        (await failureOf(() => writer.write([record], new Float64Array(1)))).code,
        'NOT_JSON',
      )
      await writer.abort?.()
    }
    assert.equal(readdirSync(folder), [])
  })
})

test('the file has its name only after close, and abort leaves nothing', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'out.jsonl')
    writeFileSync(path, 'old\n')
    const sink = jsonLinesSink({ path })
    const first = await sink.open({ subtaskIndex: 0, parallelism: 1 })
    await first.write(['x'.repeat(200_000)], new Float64Array(1))
    await first.flush()
    assert.is(readFileSync(path, 'utf8'), 'old\n')
    assert.is(readdirSync(folder).length, 2)
    await first.abort?.()
    await first.abort?.()
    assert.equal(readdirSync(folder), ['out.jsonl'])
    assert.is(readFileSync(path, 'utf8'), 'old\n')
    await writeSink(sink, [[['new']]])
    assert.is(readFileSync(path, 'utf8'), '"new"\n')
    assert.equal(readdirSync(folder), ['out.jsonl'])
  })
})

test('more than one subtask writes numbered parts', async () => {
  await withFolder(async (folder) => {
    await writeSink(jsonLinesSink({ path: join(folder, 'out.v1.jsonl') }), [[[1]], [[2]], []])
    assert.equal(readdirSync(folder).sort(), [
      'out.v1-00001.jsonl',
      'out.v1-00002.jsonl',
      'out.v1-00003.jsonl',
    ])
    assert.is(readFileSync(join(folder, 'out.v1-00002.jsonl'), 'utf8'), '2\n')
    assert.is(readFileSync(join(folder, 'out.v1-00003.jsonl'), 'utf8'), '')
  })
})

test('a folder that does not exist, a file as folder and a folder as file are refused at open', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), '')
    for (const path of [
      join(folder, 'no', 'out.jsonl'),
      join(folder, 'file', 'out.jsonl'),
      folder,
    ]) {
      const failure = await failureOf(() =>
        jsonLinesSink({ path }).open({ subtaskIndex: 0, parallelism: 1 }),
      )
      assert.is(failure.code, 'OUTPUT_NOT_WRITABLE')
      assert.match(failure.message, path)
    }
    assert.equal(readdirSync(folder), ['file'])
  })
})

test('a device is written to and never replaced, and a full one surfaces as an error', async () => {
  if (!existsSync('/dev/full')) return
  const writer = await jsonLinesSink({ path: '/dev/full' }).open({
    subtaskIndex: 0,
    parallelism: 1,
  })
  const failure = await failureOf(async () => {
    await writer.write(['x'.repeat(100_000)], new Float64Array(1))
    await writer.flush()
  })
  assert.is(failure.code, 'OUTPUT_WRITE_FAILED')
  assert.match(failure.message, '/dev/full')
  await writer.abort?.()
  assert.ok(existsSync('/dev/full'))
})

test('a link stays a link, and the file behind it is replaced', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'real.jsonl'), 'old')
    symlinkSync(join(folder, 'real.jsonl'), join(folder, 'link.jsonl'))
    await writeSink(jsonLinesSink({ path: join(folder, 'link.jsonl') }), [[[1]]])
    assert.ok(lstatSync(join(folder, 'link.jsonl')).isSymbolicLink())
    assert.is(readFileSync(join(folder, 'real.jsonl'), 'utf8'), '1\n')
  })
})

test('a pipe is written to directly, and one whose reader has gone says so', async () => {
  const program = fileURLToPath(new URL('./write-to.js', import.meta.url))
  for (const [reader, expected, bytes] of [
    ['wc -c', 'finished', 500 * 10_003],
    ['head -c 10 | wc -c', 'OUTPUT_CLOSED', 10],
  ] as const) {
    // the pipes between a parent and a child of Node are sockets, which have no path to open
    const child = spawn('sh', [
      '-c',
      `"$0" "$1" /dev/stdout | ${reader}`,
      process.execPath,
      program,
    ])
    let [out, end] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (end += text))
    await once(child, 'close')
    assert.is(end, expected)
    assert.is(Number(out), bytes)
  }
})

test('write asks to wait only when more than a mebibyte waits, and nothing is lost then', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'pressure.jsonl')
    const writer = await jsonLinesSink({ path }).open({ subtaskIndex: 0, parallelism: 1 })
    assert.is(writer.write(['small'], new Float64Array(1)), undefined)
    assert.is(
      writer.write(['x'.repeat(2_000_000)], new Float64Array(1)),
      undefined,
      'the disk is free',
    )
    const wait = writer.write(['y'.repeat(2_000_000)], new Float64Array(1))
    assert.instance(wait, Promise)
    await wait
    await writer.flush()
    await writer.close()
    assert.is(readFileSync(path).length, 8 + 2_000_003 * 2)
  })
})

test.run()
