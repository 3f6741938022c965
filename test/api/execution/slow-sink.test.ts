/** Checkpoints of a job whose sink holds everything up: counted in records that it had to write meanwhile, not in time. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../../api/index.ts'
import type { CheckpointOptions, JobHandle } from '../../../api/index.ts'
import { leftovers } from '../../runner/expect.ts'
import slowSink from './fixtures/slow-sink.ts'

const MODULE = new URL('./fixtures/slow-sink.js', import.meta.url)
/** Records that a chain can have handed to its sink: the batch that is written, and the one collected behind it. */
const AT_THE_SINK = 2 * 512
const folder = mkdtempSync(join(tmpdir(), 'millrace-slow-sink-'))
let runs = 0

test.after(() => {
  rmSync(folder, { recursive: true })
})

async function recordsWritten(handle: JobHandle): Promise<number> {
  return (await handle.metrics()).totals.recordsWritten
}

/** Waits until the sink has taken something while the source is held up. */
async function backpressure(handle: JobHandle): Promise<void> {
  let before = -1
  for (;;) {
    for (let turn = 0; turn < 20; turn++)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    if (handle.state !== 'running') continue
    const { recordsRead, recordsWritten: written } = (await handle.metrics()).totals
    if (written > 0 && recordsRead === before) return
    before = recordsRead
  }
}

/** How many records the sink takes while a checkpoint, or a savepoint, is made under backpressure. */
async function writtenMeanwhile(
  host: 'inline' | 'threads',
  checkpoints: CheckpointOptions,
  savepoint = false,
): Promise<{ written: number; inFlight: number }> {
  const done = join(folder, `done-${++runs}`)
  const handle = runJob(host === 'threads' ? MODULE : slowSink, {
    host,
    slots: 2,
    parallelism: 2,
    args: { done },
    checkpoints,
  })
  await backpressure(handle)
  const before = await recordsWritten(handle)
  await (savepoint ? handle.savepoint(join(folder, `savepoint-${runs}`)) : handle.checkpoint())
  const written = (await recordsWritten(handle)) - before
  const { recent } = (await handle.metrics()).checkpoints
  writeFileSync(done, '')
  await handle.cancel()
  await handle.result().catch(() => {})
  return { written, inFlight: recent.at(-1)?.recordsInFlight ?? 0 }
}

/**
 * Holds an unaligned checkpoint against what an aligned one has let the sink write. On a busy machine a sink goes on until the main thread hears that the
 * checkpoint is complete, so one of some tries must show it.
 */
async function showsLess(
  host: 'inline' | 'threads',
  options: CheckpointOptions,
  aligned: number,
): Promise<void> {
  const tries: string[] = []
  while (tries.length < 5) {
    const { written, inFlight } = await writtenMeanwhile(host, options)
    if (inFlight > 4 * AT_THE_SINK && aligned > 2 * written) return
    tries.push(`${written} with ${inFlight} in flight`)
  }
  assert.unreachable(`${aligned} written by an aligned one, by others ${tries.join(', ')}`)
}

for (const host of ['inline', 'threads'] as const) {
  test(`on ${host}: an aligned checkpoint waits for what is queued, an unaligned one for what is at the sink`, async () => {
    const nothingLeft = leftovers()
    const aligned = await writtenMeanwhile(host, {})
    assert.is(aligned.inFlight, 0)
    await showsLess(host, { unaligned: true }, aligned.written)
    await showsLess(host, { unaligned: true, alignedTimeoutMs: 1 }, aligned.written)
    await nothingLeft()
  })
}

test('a savepoint has nothing in flight, whatever the mode', async () => {
  const { written, inFlight } = await writtenMeanwhile('inline', { unaligned: true }, true)
  assert.is(inFlight, 0)
  assert.ok(written > 3 * AT_THE_SINK, `${written} written`)
})

test.run()
