import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { csvSource } from '../../../connectors/csv/index.ts'
import { jsonLinesSource, type FollowClock } from '../../../connectors/json-lines/index.ts'
import type { Source, SplitReader } from '../../../operators/source.ts'
import { failureOf, readerContext, splitsOf, withFolder } from '../drive.ts'

/** A clock that a test moves by hand, and that says when somebody waits for it. */
class PollClock implements FollowClock {
  #callback: (() => void) | undefined
  #onWait: (() => void) | undefined

  schedule(_delayMs: number, callback: () => void): () => void {
    this.#callback = callback
    this.#onWait?.()
    return () => {
      this.#callback = undefined
    }
  }

  get waited(): boolean {
    return this.#callback !== undefined
  }

  /** Resolves when a reader waits at the end of its file. */
  waiting(): Promise<void> {
    return this.waited ? Promise.resolve() : new Promise((resolve) => (this.#onWait = resolve))
  }

  tick(): void {
    const callback = this.#callback
    this.#callback = undefined
    callback?.()
  }
}

/** A reader of the only split of a source, with means to stop it. */
async function readerOf<T, S, P>(
  source: Source<T, S, P>,
  position?: P,
): Promise<{ readonly reader: SplitReader<T, P>; readonly stop: () => void }> {
  const controller = new AbortController()
  const [split] = await splitsOf(source)
  const context = readerContext({ batchSize: 3 }, controller.signal)
  const reader = await source.open(structuredClone(split!), context, position)
  return { reader, stop: () => controller.abort() }
}

test('lines that are added in pieces of any size are read once each, across restores at any moment', async () => {
  await withFolder((folder) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 30 }), restore: fc.boolean() }), {
          maxLength: 12,
        }),
        fc.constantFrom('jsonl', 'csv'),
        async (pieces, kind) => {
          const path = join(folder, `growing.${kind}`)
          const clock = new PollClock()
          const follow = { clock }
          const source = (
            kind === 'csv'
              ? csvSource({ path, follow, columns: { n: 'number', text: 'string' } })
              : jsonLinesSource({ path, follow })
          ) as Source<{ n: number }, unknown, number>
          const lineOf = (n: number): string =>
            kind === 'csv' ? `${n},"ä\n""${n}"\r\n` : `{"n":${n},"text":"ä€"}\n`
          const head = kind === 'csv' ? '\uFEFFn,text\r\n' : '\uFEFF'
          const whole = Buffer.from(Array.from({ length: 20 }, (_, n) => lineOf(n)).join(''))
          writeFileSync(path, head)
          let written = 0
          const seen: number[] = []
          let { reader, stop } = await readerOf(source)
          for (const { bytes, restore } of pieces) {
            appendFileSync(path, whole.subarray(written, written + bytes))
            written += bytes
            for (;;) {
              // either a batch, or the reader has seen all there is
              const before = reader.position
              const read = reader.read()
              const batch = await Promise.race([read, clock.waiting()])
              if (batch !== undefined) {
                seen.push(...batch.map(({ n }) => n))
                continue
              }
              stop()
              assert.is(await read, undefined)
              await reader.close?.()
              const position = restore ? before : reader.position
              ;({ reader, stop } = await readerOf(source, position))
              break
            }
          }
          stop()
          await reader.close?.()
          const text = whole.subarray(0, written).toString('latin1')
          const complete = Array.from({ length: 20 }, (_, n) => n).filter((n) => {
            const end = Buffer.from(
              Array.from({ length: n + 1 }, (_, at) => lineOf(at)).join(''),
            ).length
            return end <= text.length
          })
          assert.equal(seen, complete)
        },
      ),
      { numRuns: 60 },
    ),
  )
})

test('a reader waits at the end of the file, and goes on when that has grown', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'log.jsonl')
    writeFileSync(path, '')
    const clock = new PollClock()
    const { reader, stop } = await readerOf(jsonLinesSource({ path, follow: { clock } }))
    const read = reader.read()
    await clock.waiting()
    appendFileSync(path, '1\n2\n3')
    clock.tick()
    assert.equal(await read, [1, 2])
    assert.is(reader.position, 4, 'the line without an end is not read yet')
    const last = reader.read()
    await clock.waiting()
    appendFileSync(path, '4\n')
    clock.tick()
    assert.equal(await last, [34])
    const none = reader.read()
    await clock.waiting()
    stop()
    assert.is(await none, undefined)
    assert.not(clock.waited)
    await reader.close?.()
  })
})

test('a CSV file may get its header while it is followed, and opening it can be given up', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'log.csv')
    writeFileSync(path, 'a')
    const clock = new PollClock()
    const source = csvSource({ path, follow: { clock } })
    const opening = readerOf(source)
    await clock.waiting()
    appendFileSync(path, ',b\n1,2\n')
    clock.tick()
    const { reader, stop } = await opening
    assert.equal(await reader.read(), [{ a: '1', b: '2' }])
    stop()
    await reader.close?.()
    writeFileSync(path, '')
    const controller = new AbortController()
    const [split] = await splitsOf(source)
    const never = source.open(split!, readerContext({}, controller.signal))
    await clock.waiting()
    controller.abort()
    const empty = await never
    assert.is(await empty.read(), undefined)
    await empty.close?.()
  })
})

test('a followed file that is cut is an error', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'log.jsonl')
    writeFileSync(path, '1\n2\n')
    const clock = new PollClock()
    const { reader } = await readerOf(jsonLinesSource({ path, follow: { clock } }))
    assert.equal(await reader.read(), [1, 2])
    truncateSync(path, 2)
    const failure = await failureOf(() => reader.read())
    assert.is(failure.code, 'FILE_CHANGED')
    assert.match(failure.message, 'from at least 4 bytes to 2')
    await reader.close?.()
  })
})

test('a followed file that is replaced under its name is read to its end, and is an error then', async () => {
  await withFolder(async (folder) => {
    for (const begin of ['', 'n\n']) {
      const path = join(folder, begin === '' ? 'old.jsonl' : 'old.csv')
      const clock = new PollClock()
      const follow = { clock }
      const source: Source<unknown, unknown, number> =
        begin === '' ? jsonLinesSource({ path, follow }) : csvSource({ path, follow })
      writeFileSync(path, `${begin}1\n`)
      const { reader } = await readerOf(source)
      assert.is((await reader.read())?.length, 1)
      const rest = reader.read()
      await clock.waiting()
      renameSync(path, `${path}.1`)
      clock.tick()
      await clock.waiting()
      writeFileSync(path, `${begin}4\n5\n6\n`)
      clock.tick()
      await clock.waiting()
      // who writes has not noticed yet
      appendFileSync(`${path}.1`, '2\n3\n')
      clock.tick()
      assert.is((await rest)?.length, 2)
      const failure = failureOf(() => reader.read())
      await clock.waiting()
      clock.tick()
      assert.is((await failure).code, 'FILE_CHANGED')
      assert.match((await failure).message, 'has been replaced')
      await reader.close?.()
    }
  })
})

test('whoever goes on does not begin in the middle of another file that has the name now', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'other.jsonl')
    const texts = [100, 200, 300].map((n) => `${n}\n`).join('')
    for (const follow of [true, false]) {
      writeFileSync(path, texts)
      const source = jsonLinesSource({ path, follow })
      const [split] = await splitsOf(source)
      const other = texts.replace('100', '1000')
      writeFileSync(path, other)
      const failure = await failureOf(() => source.open(split!, readerContext(), 4))
      assert.is(failure.code, 'FILE_CHANGED')
      assert.match(failure.message, `${path} is not the file that was read until byte 4`)
    }
  })
})

test('each followed file is one split, all of them are read at once, and what goes on follows too', async () => {
  await withFolder(async (folder) => {
    const paths = ['a', 'b'].map((name) => join(folder, name))
    for (const path of paths) writeFileSync(path, 'x\n'.repeat(50))
    for (const source of [
      jsonLinesSource({ paths, follow: true, splitBytes: 10 }),
      csvSource({ paths, follow: true }),
    ] as Source<unknown>[]) {
      assert.is(source.splitsAtOnce, 2)
      assert.is(source.maxParallelism, 2)
      assert.is((await splitsOf(source)).length, 2)
      const enumerator = await source.enumerate({ parallelism: 1 })
      await enumerator.next(0)
      const restored = structuredClone(enumerator.snapshot?.())
      const again = await source.enumerate({ parallelism: 1, restored })
      assert.is(((await again.next(0)) as { path: string }).path, paths[1])
      assert.is(await again.next(0), undefined)
    }
    const ending = await jsonLinesSource({ paths }).enumerate({ parallelism: 1 })
    const restored = ending.snapshot?.()
    const changed = jsonLinesSource({ paths, follow: true })
    const failure = await failureOf(() => changed.enumerate({ parallelism: 1, restored }))
    assert.is(failure.code, 'INCOMPATIBLE_STATE')
  })
})

test('wrong options are refused at once', async () => {
  for (const wrong of [1, 'yes', null, { pollMs: 0 }, { pollMs: Infinity }]) {
    const options = { path: 'x', follow: wrong as never }
    for (const make of [() => jsonLinesSource(options), () => csvSource(options)]) {
      const failure = await failureOf(make)
      assert.is(failure.code, 'INVALID_ARGUMENT', JSON.stringify(wrong))
    }
  }
})

test.run()
