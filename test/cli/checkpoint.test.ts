import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { openDirectoryStore } from '../../checkpoint/store/directory-store.ts'
import type { CheckpointMetadata } from '../../checkpoint/store/snapshot-store.ts'
import { packSubtask, subtaskPartName } from '../../checkpoint/store/subtask-part.ts'
import type { SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import { assertFailed, millrace, withFolder } from './command.ts'

const operator = { task: 1, parallelism: 2, maxParallelism: 128 }
const FACTS = {
  jobName: 'flights',
  jobId: 'run-1',
  fingerprint: 'a1b2c3',
  triggeredAt: Date.UTC(2026, 0, 1),
  completedAt: Date.UTC(2026, 0, 1) + 250,
  operators: [
    { ...operator, uid: 'count', name: 'count per airport' },
    { ...operator, uid: 'out', name: 'out' },
  ],
  coordinator: { offsets: [7n] },
}

function subtask(keyGroup: number): SubtaskSnapshot {
  return {
    operators: [
      {
        format: 1,
        uid: 'count',
        maxParallelism: 128,
        keyed: [{ name: 'counts', kind: 'value', version: 1 }],
        groups: [{ keyGroup, entries: 3, bytes: Buffer.alloc(40) }],
        operator: [],
      },
    ],
    sinks: [{ uid: 'out', state: undefined, committables: ['a.jsonl'] }],
    channels: [
      {
        edge: 'in > count',
        fromSubtask: 0,
        toSubtask: 0,
        side: 'receiver',
        batches: [
          {
            codec: 'msgpack',
            length: 5,
            timestamps: new Float64Array(5),
            payload: Buffer.alloc(9),
          },
        ],
      },
    ],
    watermark: 12,
    finished: false,
  }
}

/** Checkpoints 1 and 2, which share a part, and savepoint 3. */
async function writeCheckpoints(directory: string): Promise<CheckpointMetadata[]> {
  const store = await openDirectoryStore(directory)
  const written: CheckpointMetadata[] = []
  for (const [id, kind] of [
    [1, 'checkpoint'],
    [2, 'checkpoint'],
    [3, 'savepoint'],
  ] as const) {
    const writer = await store.begin(id, { kind })
    const shared = written[0]?.parts[0]
    if (id === 2 && shared !== undefined) writer.include(shared)
    else await writer.put(subtaskPartName({ taskId: 1, subtaskIndex: 0 }), packSubtask(subtask(3)))
    await writer.put(subtaskPartName({ taskId: 1, subtaskIndex: 1 }), packSubtask(subtask(90)))
    written.push(await writer.complete(FACTS))
  }
  await store.close()
  return written
}

test('ls lists checkpoints and savepoints, also those that were not completed', async () => {
  await withFolder(async (folder) => {
    await writeCheckpoints(folder)
    mkdirSync(join(folder, 'checkpoint-000004'))
    const { code, stdout, stderr } = await millrace(['checkpoint', 'ls', folder])
    assert.is(code, 0, stderr)
    assert.is(stderr, '')
    const lines = stdout.trimEnd().split('\n')
    assert.match(lines.at(-4) ?? '', /1 +checkpoint +complete +2026-01-01T00:00:00\.250Z +250 +2 /)
    assert.match(lines.at(-2) ?? '', /3 +savepoint +complete/)
    assert.match(lines.at(-1) ?? '', /4 +checkpoint +incomplete/)

    const json = await millrace(['checkpoint', 'ls', folder, '--json'])
    assert.is(json.stdout.split('\n').length, 2)
    const { checkpoints } = JSON.parse(json.stdout) as {
      checkpoints: { id: number; state: string; metadata?: CheckpointMetadata }[]
    }
    assert.equal(
      checkpoints.map(({ id, state }) => `${id} ${state}`),
      ['1 complete', '2 complete', '3 complete', '4 incomplete'],
    )
    assert.is(checkpoints[0]?.metadata?.completedAt, FACTS.completedAt)
  })
})

test('show prints the newest, one by its id, or one by its folder, with what each operator has in it', async () => {
  await withFolder(async (folder) => {
    await writeCheckpoints(folder)
    const [newest, second, named, json] = await Promise.all([
      millrace(['checkpoint', 'show', folder]),
      millrace(['checkpoint', 'show', folder, '2']),
      millrace(['checkpoint', 'show', join(folder, 'savepoint-000003')]),
      millrace(['checkpoint', 'show', folder, '2', '--json']),
    ])
    assert.is(newest.code, 0, newest.stderr)
    assert.match(newest.stdout, /^savepoint 3$/m)
    assert.match(newest.stdout, /^job +flights \(run-1\)$/m)
    assert.match(newest.stdout, /^fingerprint +a1b2c3$/m)
    assert.match(newest.stdout, /2026-01-01T00:00:00\.250Z, 250 ms after/)
    assert.match(newest.stdout, /10 records in flight/)
    assert.match(newest.stdout, /^count +count per \S* +2 of 128 +6 +80 B/m)
    assert.is(named.stdout, newest.stdout)
    assert.match(second.stdout, /^checkpoint 2$/m)
    assert.match(second.stdout, /checkpoint-000001\/task-1-subtask-0/)
    const facts = JSON.parse(json.stdout) as {
      id: number
      contents: { operators: { uid: string; committables: number; states: string[] }[] }
    }
    assert.is(facts.id, 2)
    assert.equal(
      facts.contents.operators.map(({ uid, committables, states }) => [uid, committables, states]),
      [
        ['count', 0, ['counts']],
        ['out', 2, []],
      ],
    )
  })
})

test('verify says of each that it is whole, and ends with 0', async () => {
  await withFolder(async (folder) => {
    await writeCheckpoints(folder)
    const { code, stdout, stderr } = await millrace(['checkpoint', 'verify', folder])
    assert.is(code, 0, stderr)
    assert.match(
      stdout,
      /^checkpoint 1: whole, .* in 2 parts\ncheckpoint 2: whole, .*\nsavepoint 3: whole, .*\n$/,
    )
  })
})

test('verify names a damaged file and every checkpoint that needs it, and ends with 1', async () => {
  await withFolder(async (folder) => {
    const [first] = await writeCheckpoints(folder)
    const file = first!.parts[0]!.file
    const path = join(folder, file)
    const bytes = readFileSync(path)
    bytes[30] = (bytes[30] ?? 0) ^ 1
    writeFileSync(path, bytes)
    const [all, sound, json] = await Promise.all([
      millrace(['checkpoint', 'verify', folder]),
      millrace(['checkpoint', 'verify', folder, '3']),
      millrace(['checkpoint', 'verify', folder, '--json']),
    ])
    assertFailed(all, 1, 'DAMAGED_CHECKPOINT')
    assert.match(all.stderr, /damaged: 1, 2$/m)
    const line = `  ${file}: expected the checksum `
    assert.is(all.stdout.split(line).length, 3)
    assert.match(all.stdout, /^savepoint 3: whole/m)
    assert.is(sound.code, 0)
    assert.is(json.code, 1)
    const { checkpoints } = JSON.parse(json.stdout) as {
      checkpoints: { state: string; damages?: { file: string }[] }[]
    }
    assert.equal(
      checkpoints.map(({ state, damages }) => [state, damages?.map((damage) => damage.file)]),
      [
        ['damaged', [file]],
        ['damaged', [file]],
        ['whole', undefined],
      ],
    )
  })
})

test('damaged metadata is told by ls and show and verify alike', async () => {
  await withFolder(async (folder) => {
    await writeCheckpoints(folder)
    writeFileSync(join(folder, 'savepoint-000003', 'metadata'), 'MILLRACE')
    const found = /savepoint-000003\/metadata: expected at least 24 bytes, found 8 bytes/
    const [ls, show, verify] = await Promise.all([
      millrace(['checkpoint', 'ls', folder]),
      millrace(['checkpoint', 'show', folder]),
      millrace(['checkpoint', 'verify', folder]),
    ])
    for (const ended of [ls, show, verify]) {
      assertFailed(ended, 1, 'DAMAGED_CHECKPOINT')
      assert.match(`${ended.stdout}${ended.stderr}`, found)
    }
  })
})

test('metadata that was removed leaves an incomplete checkpoint, and verify says so', async () => {
  await withFolder(async (folder) => {
    await writeCheckpoints(folder)
    rmSync(join(folder, 'savepoint-000003', 'metadata'))
    const { code, stdout } = await millrace(['checkpoint', 'verify', folder])
    assert.is(code, 0)
    assert.match(stdout, /^savepoint 3: incomplete: it has no metadata/m)
  })
})

test('a directory or an id that is not there, and a wrong command, are told', async () => {
  await withFolder(async (folder) => {
    await writeCheckpoints(folder)
    const [missing, unknown, wrongId, command, bare] = await Promise.all([
      millrace(['checkpoint', 'ls', join(folder, 'none')]),
      millrace(['checkpoint', 'verify', folder, '9']),
      millrace(['checkpoint', 'show', folder, 'last']),
      millrace(['checkpoint', 'list', folder]),
      millrace(['checkpoint']),
    ])
    assertFailed(missing, 2, 'STORE_NOT_FOUND')
    assertFailed(unknown, 1, 'UNKNOWN_CHECKPOINT')
    assertFailed(wrongId, 2, 'USAGE')
    assert.match(wrongId.stderr, /got 'last'/)
    assertFailed(command, 2, 'USAGE')
    assertFailed(bare, 2, 'USAGE')
  })
})

test('the folder of a checkpoint that is not there is told, and what is no directory is a wrong argument', async () => {
  await withFolder(async (folder) => {
    await writeCheckpoints(folder)
    const gone = join(folder, 'savepoint-000009')
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const [ls, verify, show, notDirectory] = await Promise.all([
      millrace(['checkpoint', 'ls', gone]),
      millrace(['checkpoint', 'verify', gone]),
      millrace(['checkpoint', 'show', gone]),
      millrace(['checkpoint', 'ls', file]),
    ])
    for (const ended of [ls, verify, show]) assertFailed(ended, 1, 'UNKNOWN_CHECKPOINT')
    assertFailed(notDirectory, 2, 'STORE_NOT_A_DIRECTORY')
  })
})

test('verify of one that was not completed finds none that is whole', async () => {
  await withFolder(async (folder) => {
    await writeCheckpoints(folder)
    rmSync(join(folder, 'savepoint-000003', 'metadata'))
    const ended = await millrace(['checkpoint', 'verify', folder, '3'])
    assert.match(ended.stdout, /^savepoint 3: incomplete/m)
    assertFailed(ended, 1, 'NO_CHECKPOINT')
  })
})

test('an empty directory has no checkpoints', async () => {
  await withFolder(async (folder) => {
    const [ls, verify, show] = await Promise.all([
      millrace(['checkpoint', 'ls', folder]),
      millrace(['checkpoint', 'verify', folder]),
      millrace(['checkpoint', 'show', folder]),
    ])
    assert.is(ls.stdout, '(no checkpoints)\n')
    assert.is(ls.code, 0)
    assert.is(verify.stdout, '(no checkpoints)\n')
    assertFailed(verify, 1, 'NO_CHECKPOINT')
    assertFailed(show, 1, 'UNKNOWN_CHECKPOINT')
  })
})

test.run()
