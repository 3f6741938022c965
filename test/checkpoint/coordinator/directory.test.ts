import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CheckpointCoordinator } from '../../../checkpoint/coordinator/checkpoint-coordinator.ts'
import { readCheckpoint } from '../../../checkpoint/coordinator/checkpoint-contents.ts'
import { resolveCheckpointOptions } from '../../../checkpoint/coordinator/checkpoint-options.ts'
import { restoreJob } from '../../../checkpoint/coordinator/restored-job.ts'
import { directoryCatalog, openDirectoryStore } from '../../../checkpoint/store/directory-store.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { ALL, JOB, snapshotOf } from './coordinator-rig.ts'

test('what was written to a directory is handed to a new plan by another process', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-coordinator-'))
  try {
    const store = await openDirectoryStore(directory)
    const committed: unknown[] = []
    const coordinator: CheckpointCoordinator = new CheckpointCoordinator({
      job: JOB,
      store,
      options: resolveCheckpointOptions({ keep: 1 }),
      host: {
        clock: new ManualClock(),
        trigger: (id) => {
          for (const name of ALL) {
            coordinator.acknowledged(name, id, snapshotOf(name, `${id}/${name.subtaskIndex}`))
          }
        },
        triggerLast: () => {},
        sourcesAcknowledged: (id) => [{ uid: 'in', state: { next: id }, given: 3, returned: [] }],
        commit: async (bySink) => {
          committed.push(...(bySink.get('out') ?? []))
        },
        notifyComplete: () => {},
        notifyAborted: () => {},
        failJob: (error) => {
          throw error
        },
      },
    })
    coordinator.start()
    await coordinator.checkpoint()
    await coordinator.checkpoint()
    await coordinator.stop()
    await store.close()
    assert.equal(committed, ['1/0', '1/1', '2/0', '2/1'])

    const catalog = directoryCatalog(directory)
    const { metadata } = await catalog.latest()
    const { operators, committables } = restoreJob(
      await readCheckpoint(catalog, metadata?.id ?? 0),
      [
        { uid: 'in', name: 'in', parallelism: 1, maxParallelism: 128, kind: 'source' },
        { uid: 'out', name: 'out', parallelism: 3, maxParallelism: 128, kind: 'sink' },
      ],
    )
    assert.equal(
      (await catalog.list()).map(({ id }) => id),
      [2],
    )
    assert.equal(operators.get('in')?.enumerator?.state, { next: 2 })
    assert.equal([...committables], [['out', ['2/0', '2/1']]])
  } finally {
    await rm(directory, { recursive: true })
  }
})

test.run()
