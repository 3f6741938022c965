/**
 * A directory of checkpoints in which one file is cut, changed or removed: the job started again gives the right output, and says from which
 * checkpoint, or is refused; it is never wrong, and never silent about work that is done again.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../api/index.ts'
import type { RestoreNotice, RunOptions } from '../../api/index.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { assertFailed, millrace } from '../cli/command.ts'
import counted from './fixtures/counted.ts'
import { damageFile, putBackFrom } from './damaged-files.ts'
import type { Damage } from './damaged-files.ts'

const MODULE = fileURLToPath(new URL('./fixtures/counted.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'millrace-damage-'))
/** Where the job runs: what its checkpoints name has this path. And as it was after the first run. */
const [place, pristine] = [join(folder, 'place'), join(folder, 'pristine')]
const checkpoints = join(place, 'checkpoints')
/** Ten keys, each counted from 1 to 200. */
const COUNTED = Array.from({ length: 2_000 }, (_, i) => Math.floor(i / 10) + 1)

const DAMAGES: Readonly<Record<string, Damage>> = {
  removed: () => undefined,
  emptied: () => Buffer.alloc(0),
  'cut by one byte': (bytes) => bytes.subarray(0, -1),
  'cut in the middle': (bytes) => bytes.subarray(0, bytes.length >> 1),
  'made longer': (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]),
  ...Object.fromEntries(
    [0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1].map((share) => [
      `changed at ${share * 100} %`,
      (bytes: Buffer) => {
        const at = Math.floor(share * (bytes.length - 1))
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
        return changed
      },
    ]),
  ),
}

test.before(async () => {
  // Three checkpoints, each at another place, and a job that was not at its end: a busy machine may need more time for that.
  for (let pauseMs = 20; !existsSync(pristine); pauseMs *= 2) {
    rmSync(place, { recursive: true, force: true })
    mkdirSync(place)
    if (await stopsBehindThree(pauseMs))
      cpSync(place, pristine, { recursive: true, preserveTimestamps: true })
  }
})

async function stopsBehindThree(pauseMs: number): Promise<boolean> {
  const handle = runJob(counted, { ...options({ pauseMs }), onRestore: () => {} })
  handle.result().catch(() => {})
  for (let made = 0; made < 3;) {
    const { totals } = await handle.metrics()
    if (handle.state === 'finished') return false
    if (totals.recordsRead < 400 * (made + 1)) await new Promise(setImmediate)
    else made = (await handle.checkpoint()).id
  }
  await handle.cancel()
  // One that was cancelled in its last moments may have had its last checkpoint, and given its file its name.
  const stopped = readdirSync(checkpoints).length === 3 && !existsSync(join(place, 'counts.jsonl'))
  return handle.state === 'cancelled' && stopped
}

test.after(() => {
  rmSync(folder, { recursive: true })
})

function options(args: Readonly<Record<string, unknown>>): RunOptions {
  return {
    parallelism: 2,
    slots: 2,
    args: { folder: place, ...args },
    checkpoints: { directory: checkpoints },
    resume: true,
  }
}

/** Puts everything back as the first run has left it. */
function putBack(): void {
  putBackFrom(pristine, place)
}

function damage(file: string, how: Damage): void {
  damageFile(join(checkpoints, file), how)
}

function numbersIn(path: string): number[] {
  return readFileSync(path, 'utf8').trim().split('\n').map(Number)
}

/** Both outputs have each count once, and nothing hidden lies beside them. */
function assertRight(what: string): void {
  const parts = join(place, 'parts')
  const names = readdirSync(parts)
  const inFolder = names.flatMap((name) => numbersIn(join(parts, name)))
  const byValue = (a: number, b: number): number => a - b
  assert.equal(inFolder.toSorted(byValue), COUNTED, what)
  assert.equal(numbersIn(join(place, 'counts.jsonl')).toSorted(byValue), COUNTED, what)
  assert.not.ok(
    names.some((name) => name.startsWith('.')),
    what,
  )
}

async function goOn(): Promise<{ notices: RestoreNotice[]; error: unknown }> {
  const notices: RestoreNotice[] = []
  const handle = runJob(counted, { ...options({}), onRestore: (notice) => notices.push(notice) })
  const error: unknown = await handle.result().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { notices, error }
}

function filesOf(id: number): string[] {
  const name = `checkpoint-${String(id).padStart(6, '0')}`
  return readdirSync(join(pristine, 'checkpoints', name)).map((file) => `${name}/${file}`)
}

test('without damage the job goes on from the newest checkpoint', async () => {
  putBack()
  const { notices, error } = await goOn()
  assert.is(error, undefined)
  assert.equal(
    notices.map(({ checkpointId, damaged, incomplete }) => [checkpointId, damaged, incomplete]),
    [[3, [], []]],
  )
  assertRight('without damage')
})

for (const [name, how] of Object.entries(DAMAGES)) {
  test(`a file of the newest checkpoint that is ${name} makes the job go on from the one before, and is named`, async () => {
    const files = filesOf(3)
    assert.ok(files.length > 2 && files.some((file) => file.endsWith('/metadata')))
    for (const file of files) {
      putBack()
      damage(file, how)
      const { notices, error } = await goOn()
      assert.is(error, undefined, `${file}: ${String(error)}`)
      assert.is(notices.length, 1)
      const [notice] = notices
      assert.is(notice?.checkpointId, 2, file)
      const isTold = notice?.damaged.some((sentence) => sentence.includes(file))
      assert.ok(isTold || notice?.incomplete.includes(3), file)
      assertRight(file)
    }
  })
}

test('a file of an older checkpoint that is damaged changes nothing', async () => {
  const hows = [DAMAGES['removed'], DAMAGES['cut in the middle'], DAMAGES['changed at 50 %']]
  for (const file of [...filesOf(1), ...filesOf(2)]) {
    for (const how of hows as Damage[]) {
      putBack()
      damage(file, how)
      const { notices, error } = await goOn()
      assert.is(error, undefined, `${file}: ${String(error)}`)
      assert.is(notices[0]?.checkpointId, 3)
      assertRight(file)
    }
  }
})

test('when each checkpoint is damaged, the job is refused, and says what is wrong with them', async () => {
  for (const damagedFile of ['metadata', '.part'] as const) {
    putBack()
    const hit = [1, 2, 3].map((id) => filesOf(id).find((file) => file.endsWith(damagedFile)) ?? '')
    for (const file of hit) damage(file, DAMAGES['changed at 50 %'] as Damage)
    const { notices, error } = await goOn()
    assert.is(error instanceof MillraceError && error.code, 'NO_CHECKPOINT')
    assert.equal(notices, [])
    for (const file of hit) assert.ok(String(error).includes(file), String(error))
  }
})

test('the command line tells the same, and ends with 1 where the job is refused', async () => {
  const run = () =>
    millrace([
      'run',
      MODULE,
      '--host',
      'inline',
      '--parallelism',
      '2',
      '--arg',
      `folder=${place}`,
      '--checkpoints',
      checkpoints,
      '--resume',
    ])
  putBack()
  const [part = ''] = filesOf(3).filter((file) => file.endsWith('.part'))
  damage(part, DAMAGES['changed at 50 %'] as Damage)
  damage('checkpoint-000002/metadata', DAMAGES['removed'] as Damage)
  const older = await run()
  assert.is(older.code, 0, older.stderr)
  const lines = older.stderr.trimEnd().split('\n')
  assert.is(lines.length, 3, older.stderr)
  assert.match(lines[0] ?? '', /^millrace: passed over in .*: checkpoint 3 is damaged: /)
  assert.ok(lines[0]?.includes(part))
  assert.match(lines[1] ?? '', /^millrace: passed over in .*: checkpoint 2 has no metadata/)
  assert.match(lines[2] ?? '', /^millrace: going on from checkpoint 1 in /)
  assertRight('the command line')

  putBack()
  for (const id of [1, 2, 3]) damage(`checkpoint-00000${id}/metadata`, DAMAGES['emptied'] as Damage)
  const refused = await run()
  assertFailed(refused, 1, 'NO_CHECKPOINT')
  assert.match(refused.stderr, /checkpoint 3 is damaged: .*checkpoint 1 is damaged: /)
})

test.run()
