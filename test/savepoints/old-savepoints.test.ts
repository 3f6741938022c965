/** Savepoints that older versions have written are restored, at any parallelism, and so are those of this one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../api/index.ts'
import { directoryCatalog } from '../../checkpoint/store/directory-store.ts'
import { unpackSubtask } from '../../checkpoint/store/subtask-part.ts'
import { findRoot } from '../architecture/repository.ts'
import { withFolder } from '../connectors/drive.ts'
import { allStateJob, LATE, ORDERS } from './all-state-job.ts'
import { Ledger, ledgerSink } from './ledger-sink.ts'
import { writeSavepoint } from './write-savepoint.ts'

const WRITTEN = join(findRoot(), 'test', 'savepoints', 'written')

interface Output {
  readonly lines: readonly string[]
  /** What the writers of the ledger say that they have written, before and behind the savepoint. */
  readonly written: number
  /** What is in the folder, sorted. */
  readonly late: readonly string[]
  readonly recordsRead: number
}

/** Runs the job to its end, from the beginning or from a savepoint. */
async function outputOf(parallelism: number, from?: string): Promise<Output> {
  return withFolder(async (directory) => {
    const ledger = new Ledger()
    const job = allStateJob({ gated: false, directory, sink: ledgerSink(ledger) })
    const start = from === undefined ? {} : { from }
    const { totals } = await runJob(job, { parallelism, slots: 2, ...start }).result()
    const late = readdirSync(directory).flatMap((file) =>
      readFileSync(join(directory, file), 'utf8').trim().split('\n'),
    )
    const { lines, written } = ledger
    return { lines, written, late: late.toSorted(), recordsRead: totals.recordsRead }
  })
}

let undisturbed: Output

test.before(async () => {
  undisturbed = await outputOf(1)
})

test('the job says the same at any parallelism, and all kinds of state speak', async () => {
  const { lines, written, late } = undisturbed
  for (const kind of [
    'profile',
    'rolling count',
    'tumbling',
    'sliding',
    'session',
    'window of records',
    'interval join',
    'rule of',
    'dealt',
    'of all',
  ]) {
    assert.ok(lines.filter((line) => line.startsWith(kind)).length >= 7, kind)
  }
  assert.is(written, lines.length)
  assert.is(late.length, ORDERS.count - LATE)
  const { recordsRead: _, ...expected } = undisturbed
  for (const parallelism of [2, 3]) {
    const { recordsRead: __, ...found } = await outputOf(parallelism)
    assert.equal(found, expected, `parallelism ${parallelism}`)
  }
})

async function checkRestores(directory: string): Promise<void> {
  for (const parallelism of [1, 2, 3]) {
    const { lines, written, late, recordsRead } = await outputOf(parallelism, directory)
    const where = `${directory}, parallelism ${parallelism}`
    assert.equal(lines, undisturbed.lines, where)
    assert.equal(late, undisturbed.late, where)
    assert.is(written, undisturbed.written, where)
    assert.ok(recordsRead < undisturbed.recordsRead, `${where}: ${recordsRead} records were read`)
  }
}

for (const name of readdirSync(WRITTEN)) {
  test(`written by ${name}: goes on at parallelism 1, 2 and 3 as if nothing had happened`, () =>
    checkRestores(join(WRITTEN, name)))

  test(`written by ${name}: holds every kind of state, positions, and the states of sinks`, async () => {
    const catalog = directoryCatalog(join(WRITTEN, name))
    const { metadata } = await catalog.latest()
    assert.is(metadata?.kind, 'savepoint')
    assert.equal(await catalog.verify(metadata!.id), [])
    const kinds = new Set<string>()
    for (const part of metadata!.parts) {
      const subtask = unpackSubtask(await catalog.readPart(part, metadata!.id), part.file)
      for (const { keyed, operator } of subtask.operators) {
        for (const { kind } of keyed) kinds.add(kind)
        for (const { redistribution } of operator) kinds.add(redistribution)
      }
      if ((subtask.source?.open.length ?? 0) > 0) kinds.add('position')
      for (const { uid, state } of subtask.sinks) if (state !== undefined) kinds.add(`sink ${uid}`)
    }
    for (const kind of [
      'value',
      'list',
      'map',
      'reducing',
      'aggregating',
      'split',
      'union',
      'broadcast',
      'position',
      'sink ledger',
      'sink folder',
    ]) {
      assert.ok(kinds.has(kind), `${kind} is not among ${[...kinds].join(', ')}`)
    }
  })
}

test('written by this version: the same', () =>
  withFolder(async (folder) => {
    const directory = join(folder, 'savepoint')
    await writeSavepoint(directory)
    await checkRestores(directory)
  }))

test.run()
