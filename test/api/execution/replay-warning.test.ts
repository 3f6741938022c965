/** Jobs over sources that cannot be read again: they warn once, and go on with what comes next. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { JobHandle } from '../../../api/index.ts'
import { arraySource, iterableSource } from '../../../connectors/collection/index.ts'
import { socketSource } from '../../../connectors/socket/index.ts'
import { send, withServer } from '../../connectors/socket/line-server.ts'
import { leftovers } from '../../runner/expect.ts'

/** The warnings of this process while something runs. */
async function warningsOf(body: () => Promise<void>): Promise<string[]> {
  const messages: string[] = []
  const listen = ({ message }: Error): void => {
    messages.push(message)
  }
  process.on('warning', listen)
  try {
    await body()
    // warnings are told at the next turn
    await new Promise(setImmediate)
  } finally {
    process.off('warning', listen)
  }
  return messages
}

async function listOf<T>(handle: JobHandle, name: string): Promise<T[]> {
  const values: T[] = []
  for await (const value of handle.collect<T>(name)) values.push(value)
  return values
}

test('a job over a socket warns once, and after a restart goes on with what the server sends then', async () => {
  const nothingLeft = leftovers()
  await withServer(async (server) => {
    const { port } = server
    let restarted = 0
    const job = defineJob('words', (env) => {
      env
        .from(socketSource({ host: '127.0.0.1', port }), { name: 'words' })
        .map((word) => {
          if (word === 'boom' && restarted === 0) throw new Error('boom')
          return word
        })
        .collect('words')
    })
    const warnings = await warningsOf(async () => {
      const handle = runJob(job, {
        checkpoints: { intervalMs: 60_000 },
        restart: fixedDelayRestart({ attempts: 1, delayMs: 1 }),
        onRestart: () => {
          restarted++
        },
      })
      const words = listOf<string>(handle, 'words')
      await send(await server.accept(), 'lost\nboom\n')
      ;(await server.accept()).end('boom\nkept')
      assert.equal(await words, ['boom', 'kept'])
      assert.is((await handle.result()).restarts, 1)
    })
    assert.is(restarted, 1)
    assert.is(warnings.length, 1)
    assert.match(warnings[0]!, 'The source "words" cannot be read again')
    assert.match(warnings[0]!, 'at most once')
  })
  await nothingLeft()
})

test('two such sources are named in one warning, and others are not', async () => {
  const job = defineJob('three', (env) => {
    const first = env.from(
      iterableSource(() => [1]),
      { name: 'first' },
    )
    const second = env.from(
      iterableSource(() => [2], { replayable: false }),
      { name: 'second' },
    )
    first.union(second, env.from(arraySource([3]), { name: 'third' })).collect('all')
  })
  const warnings = await warningsOf(async () => {
    const handle = runJob(job, { checkpoints: { intervalMs: 60_000 } })
    assert.equal(
      (await listOf<number>(handle, 'all')).toSorted((a, b) => a - b),
      [1, 2, 3],
    )
    await handle.result()
  })
  assert.is(warnings.length, 1)
  assert.match(warnings[0]!, '"first", "second"')
  assert.not.match(warnings[0]!, 'third')
})

test('without checkpoints nothing was promised, and nothing is warned of', async () => {
  const job = defineJob('one', (env) => {
    env.from(iterableSource(() => [1])).collect('all')
  })
  const warnings = await warningsOf(async () => {
    const handle = runJob(job)
    assert.equal(await listOf<number>(handle, 'all'), [1])
    await handle.result()
  })
  assert.equal(warnings, [])
})

test.run()
