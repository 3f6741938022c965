/** The socket source against a real server on this machine. */
import { once } from 'node:events'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { socketSource } from '../../../connectors/socket/index.ts'
import type { Source, SplitReader } from '../../../operators/source.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { failureOf, readerContext } from '../drive.ts'
import { lineServer, send, withServer } from './line-server.ts'

const host = '127.0.0.1'

async function openReader<T, P>(
  source: Source<T, null, P>,
  options: Parameters<typeof readerContext>[0] = {},
  signal = new AbortController().signal,
): Promise<SplitReader<T, P>> {
  return source.open(null, readerContext(options, signal))
}

async function readAll<T>(reader: SplitReader<T>): Promise<T[]> {
  const records: T[] = []
  for (let batch = await reader.read(); batch !== undefined; batch = await reader.read())
    records.push(...batch)
  await reader.close?.()
  return records
}

/** Resolves when somebody waits on the clock. */
async function timerOn(clock: ManualClock): Promise<void> {
  while (clock.pendingTimers === 0) await new Promise(setImmediate)
}

test('lines come as text until the server ends the stream, the last one with or without its newline', async () => {
  for (const end of ['', '\n']) {
    await withServer(async (server) => {
      const reader = await openReader(socketSource({ host, port: server.port }))
      const reading = readAll(reader)
      const socket = await server.accept()
      await send(socket, 'one\r\n\ntw')
      await send(socket, Buffer.from('ö\nä', 'utf8').subarray(0, 4))
      socket.end(Buffer.concat([Buffer.from('ä').subarray(1), Buffer.from(end)]))
      assert.equal(await reading, ['one', '', 'twö', 'ä'])
      assert.is(reader.position, 4)
    })
  }
})

test('JSON Lines are parsed, empty lines skipped, and parse types them', async () => {
  await withServer(async (server) => {
    const source = socketSource({
      host,
      port: server.port,
      format: 'jsonLines',
      parse: (value) => (value as { readonly n: number }).n * 2,
    })
    const reading = readAll(await openReader(source))
    const socket = await server.accept()
    socket.end('{"n":1}\n\n {"n":2} \n{"n":3}')
    const doubled: number[] = await reading
    assert.equal(doubled, [2, 4, 6])
  })
})

test('no batch is larger than asked for, and what waits comes with the next read', async () => {
  await withServer(async (server) => {
    const reader = await openReader(socketSource({ host, port: server.port }), { batchSize: 2 })
    const first = reader.read()
    const socket = await server.accept()
    socket.end('1\n2\n3\n4\n5\n')
    assert.equal(await first, ['1', '2'])
    const rest: unknown[] = []
    for (let batch = await reader.read(); batch !== undefined; batch = await reader.read()) {
      assert.ok(batch.length <= 2)
      rest.push(...batch)
    }
    assert.equal(rest, ['3', '4', '5'])
    await reader.close?.()
  })
})

test('while nobody reads, the server is held up, and nothing is lost', async () => {
  await withServer(async (server) => {
    const reader = await openReader(socketSource({ host, port: server.port }), { batchSize: 10 })
    const first = reader.read()
    const socket = await server.accept()
    const line = `${'x'.repeat(999)}\n`
    await send(socket, line)
    assert.equal(await first, [line.slice(0, -1)])
    // far more than the buffers of both ends hold: a reader that went on by itself would take it all
    const total = 64_000
    let sent = 1
    let drained = 0
    const pour = (): void => {
      while (sent < total) {
        sent++
        if (!socket.write(line)) return
      }
      socket.end()
    }
    socket.on('drain', () => {
      drained++
      pour()
    })
    pour()
    // until it has been held up for a hundred turns of the event loop
    for (let still = 0, seen = -1; still < 100; still++) {
      if (seen !== drained) still = 0
      seen = drained
      await new Promise(setImmediate)
    }
    assert.ok(sent < total, `${sent} of ${total} lines were taken`)
    const rest = await readAll(reader)
    assert.is(rest.length, total - 1)
  })
})

test('bad lines fail the source, or are told with their place where the job goes on', async () => {
  const bytes = Buffer.concat([
    Buffer.from('1\n{"a\n'),
    Buffer.from([34, 0xff, 34, 10]),
    Buffer.from(`"${'x'.repeat(50)}"\n2\n`),
  ])
  await withServer(async (server) => {
    const { port } = server
    const source = socketSource({ host, port, format: 'jsonLines', maxLineBytes: 40 })
    const bad: unknown[] = []
    const badRecord = (record: unknown, error: unknown, place?: string): void => {
      bad.push([record, (error as { readonly code?: unknown }).code, place])
    }
    const going = readAll(await openReader(source, { badRecord }))
    ;(await server.accept()).end(bytes)
    assert.equal(await going, [1, 2])
    assert.equal(bad, [
      ['{"a', 'BAD_JSON_LINE', `${host}:${port}, line 2`],
      ['"\ufffd"', 'BAD_JSON_LINE', `${host}:${port}, line 3`],
      [`"${'x'.repeat(39)}`, 'LINE_TOO_LONG', `${host}:${port}, line 4`],
    ])
    for (const [sent, code] of [
      ['{"a\n', 'BAD_JSON_LINE'],
      [Buffer.from([0xff, 10]), 'BAD_JSON_LINE'],
      ['x'.repeat(41), 'LINE_TOO_LONG'],
    ] as const) {
      const reader = await openReader(source)
      const failing = failureOf(() => readAll(reader))
      await send(await server.accept(), sent)
      const { code: found, message } = await failing
      assert.is(found, code)
      assert.match(message, `${host}:${port}, line 1`)
      await reader.close?.()
    }
    const text = await openReader(socketSource({ host, port }))
    const failing = failureOf(() => readAll(text))
    await send(await server.accept(), Buffer.from([0xff, 10]))
    assert.is((await failing).code, 'BAD_TEXT_LINE')
    await text.close?.()
  })
})

test('without reconnect the first failure ends the source, with the address and the reason', async () => {
  const server = await lineServer()
  const { port } = server
  const reader = await openReader(socketSource({ host, port }))
  const broken = failureOf(() => readAll(reader))
  ;(await server.accept()).resetAndDestroy()
  const { code, message } = await broken
  assert.is(code, 'SOCKET_FAILED')
  assert.match(message, `${host}:${port}`)
  assert.match(message, 'ECONNRESET')
  await reader.close?.()
  await server.close()
  const nobody = await openReader(socketSource({ host, port }))
  assert.match((await failureOf(() => readAll(nobody))).message, 'ECONNREFUSED')
})

test('with reconnect it goes on with the next connection; a line that was cut off is told', async () => {
  await withServer(async (server) => {
    const clock = new ManualClock()
    const { port } = server
    const source = socketSource({ host, port, clock, reconnect: { attempts: 1, delayMs: 5_000 } })
    const bad: unknown[] = []
    const badRecord = (record: unknown, error: unknown): void => {
      bad.push([record, (error as { readonly code?: unknown }).code])
    }
    const reader = await openReader(source, { badRecord })
    const first = reader.read()
    let socket = await server.accept()
    await send(socket, 'one\nhal')
    assert.equal(await first, ['one'])
    // more failures than attempts, but bytes come in between
    for (const word of ['two', 'three', 'four']) {
      const reading = reader.read()
      socket.resetAndDestroy()
      await timerOn(clock)
      assert.is(clock.untilNextTimerMs, 5_000)
      clock.fireNext()
      socket = await server.accept()
      await send(socket, `${word}\n`)
      assert.equal(await reading, [word])
    }
    const last = reader.read()
    socket.end()
    assert.is(await last, undefined)
    await reader.close?.()
    assert.equal(bad, [['hal', 'LINE_CUT_OFF']])
  })
})

test('attempts that fail one after the other are counted, and the last one is the error', async () => {
  const server = await lineServer()
  const { port } = server
  await server.close()
  const clock = new ManualClock()
  const source = socketSource({ host, port, clock, reconnect: { attempts: 3, delayMs: 10 } })
  const reader = await openReader(source)
  const failing = failureOf(() => readAll(reader))
  for (let attempt = 0; attempt < 3; attempt++) {
    await timerOn(clock)
    clock.fireNext()
  }
  const { code, message } = await failing
  assert.is(code, 'SOCKET_FAILED')
  assert.match(message, 'after 3 more attempts')
  assert.is(clock.pendingTimers, 0)
})

test('with atEnd the end of a stream is not the end of the source', async () => {
  await withServer(async (server) => {
    const clock = new ManualClock()
    const source = socketSource({ host, port: server.port, clock, reconnect: { atEnd: true } })
    const stop = new AbortController()
    const reader = await openReader(source, {}, stop.signal)
    for (const word of ['a', 'b', 'c']) {
      const reading = reader.read()
      if (word !== 'a') {
        await timerOn(clock)
        clock.fireNext()
      }
      ;(await server.accept()).end(word)
      assert.equal(await reading, [word])
    }
    const last = reader.read()
    await timerOn(clock)
    stop.abort()
    assert.is(await last, undefined)
    assert.is(clock.pendingTimers, 0)
  })
})

test('when the job is over a reader that waits for bytes stops and hangs up', async () => {
  await withServer(async (server) => {
    const stop = new AbortController()
    const reader = await openReader(socketSource({ host, port: server.port }), {}, stop.signal)
    const reading = reader.read()
    const socket = await server.accept()
    const closed = once(socket, 'close')
    socket.resume()
    stop.abort()
    assert.is(await reading, undefined)
    await closed
    await reader.close?.()
    const late = await openReader(socketSource({ host, port: server.port }), {}, stop.signal)
    assert.is(await late.read(), undefined)
  })
})

test('it says that it cannot be read again, and is read in one place', async () => {
  const source = socketSource({ port: 1 })
  assert.is(source.replayable, false)
  assert.is(source.maxParallelism, 1)
  assert.is(source.name, 'socket(localhost:1)')
})

test('wrong arguments are refused at once', async () => {
  for (const options of [
    {},
    { port: 0 },
    { port: 70_000 },
    { port: '80' },
    { port: 1, host: '' },
    { port: 1, format: 'csv' },
    { port: 1, format: 'jsonLines', parse: 7 },
    { port: 1, maxLineBytes: 0 },
    { port: 1, reconnect: true },
    { port: 1, reconnect: { attempts: -1 } },
    { port: 1, reconnect: { delayMs: Number.NaN } },
    { port: 1, reconnect: { atEnd: 1 } },
  ]) {
    const { code } = await failureOf(() => socketSource(options as never))
    assert.is(code, 'INVALID_ARGUMENT', JSON.stringify(options))
  }
})

test.run()
