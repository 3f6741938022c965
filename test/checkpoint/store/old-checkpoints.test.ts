import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { directoryCatalog } from '../../../checkpoint/store/directory-store.ts'
import { unpackSubtask } from '../../../checkpoint/store/subtask-part.ts'
import { findRoot } from '../../architecture/repository.ts'
import { OLD_FACTS, oldSubtask } from './fixtures/old-checkpoints.ts'

const FORMAT_1 = join(findRoot(), 'test', 'checkpoint', 'store', 'fixtures', 'format-1')

test('checkpoints of format 1 are read for ever', async () => {
  const catalog = directoryCatalog(FORMAT_1)
  const listings = await catalog.list()
  assert.equal(
    listings.map(({ id, kind, state }) => `${kind} ${id} ${state}`),
    ['checkpoint 1 complete', 'checkpoint 2 complete', 'savepoint 3 complete'],
  )
  const keyGroups = new Map([
    [1, [7, 100]],
    [2, [7, 101]],
    [3, [8, 102]],
  ])
  for (const [id, groups] of keyGroups) {
    const { parts, jobName, jobId, fingerprint, triggeredAt, completedAt, operators, coordinator } =
      await catalog.metadata(id)
    assert.equal(
      { jobName, jobId, fingerprint, triggeredAt, completedAt, operators, coordinator },
      OLD_FACTS,
    )
    assert.equal(await catalog.verify(id), [])
    for (const [i, part] of parts.entries()) {
      const subtask = unpackSubtask(await catalog.readPart(part, id), part.file)
      assert.equal(subtask, oldSubtask(groups[i] ?? 0), part.file)
    }
  }
  assert.is((await catalog.latest()).metadata?.id, 3)
})

test.run()
