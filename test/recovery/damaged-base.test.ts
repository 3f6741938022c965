/**
 * A directory of incremental checkpoints in which a file is damaged or removed, also one on which later checkpoints build: the job started again
 * goes on from the newest checkpoint that needs none of what is damaged, and names it, or is refused where there is none; it is never wrong.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob, valueState } from '../../api/index.ts'
import type { RestoreNotice, RunOptions, Source } from '../../api/index.ts'
import { directoryCatalog } from '../../checkpoint/store/directory-store.ts'
import { fileSink } from '../../connectors/file-sink/index.ts'
import { jsonLines } from '../../connectors/json-lines/index.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { damageFile, putBackFrom } from './damaged-files.ts'
import type { Damage } from './damaged-files.ts'

export const deadlineMs = 60_000

const folder = mkdtempSync(join(tmpdir(), 'millrace-base-'))
/** Where the job runs, and everything as it was when the job had been cancelled. */
const [place, pristine] = [join(folder, 'place'), join(folder, 'pristine')]
const checkpoints = join(place, 'checkpoints')

const KEYS = 400
const BATCH = 50
/**
 * Records in front of each checkpoint. The first has all keys, and so has the third, after which its subtasks write everything again; the others
 * have few.
 */
const PHASES = [KEYS, 50, KEYS, 50, 50, 50]
const BEHIND = 100

/** The keys of all records: those of a phase begin with the first one. */
const RECORDS = [...PHASES, BEHIND].flatMap((length) => Array.from({ length }, (_, key) => key))

/** What the source may read so far, and who waits for more. */
const gate = { open: 0, waiting: new Set<() => void>() }

function openUntil(position: number): void {
  gate.open = position
  for (const go of gate.waiting) go()
  gate.waiting.clear()
}

const source: Source<number, number, number> = {
  name: 'records',
  enumerate({ restored }) {
    let given = restored !== undefined
    return {
      next() {
        if (given) return undefined
        given = true
        return 0
      },
      snapshot: () => 0,
    }
  },
  open: (_split, _context, start = 0) => {
    let position = start
    return {
      get position() {
        return position
      },
      async read() {
        if (position >= RECORDS.length) return undefined
        while (position >= gate.open) await new Promise<void>((go) => gate.waiting.add(go))
        const from = position
        position += BATCH
        return RECORDS.slice(from, position)
      },
    }
  },
}

const job = defineJob('counting', (env) => {
  env
    .from(source, { uid: 'records' })
    .keyBy((key) => key)
    .process(
      {
        // Long enough that all keys are much more than the few of an increment.
        state: { seen: valueState<{ times: number; text: string }>() },
        processRecord(_record, { key, state }, emit: (line: string) => void) {
          const times = (state.seen.get()?.times ?? 0) + 1
          state.seen.set({ times, text: 'x'.repeat(80) })
          emit(`${key}: ${times}`)
        },
      },
      { uid: 'counts' },
    )
    .to(fileSink<string>({ directory: join(place, 'out'), format: jsonLines() }), { uid: 'out' })
})

/** Each key with each number up to how often it comes. */
const EXPECTED = expectedLines()

function expectedLines(): string[] {
  const times = new Map<number, number>()
  const lines = RECORDS.map((key) => {
    const now = (times.get(key) ?? 0) + 1
    times.set(key, now)
    return `${key}: ${now}`
  })
  return lines.toSorted()
}

const OPTIONS: RunOptions = {
  host: 'inline',
  parallelism: 2,
  checkpoints: { directory: checkpoints, incremental: true, keep: 10 },
  resume: true,
}

/** By checkpoint, the files that it needs. */
const needs = new Map<number, readonly string[]>()
/** All files of checkpoints. */
let files: readonly string[] = []

test.before(async () => {
  const handle = runJob(job, { ...OPTIONS, onRestore: () => {} })
  handle.result().catch(() => {})
  let position = 0
  for (const records of PHASES) {
    position += records
    openUntil(position)
    while ((await handle.metrics()).totals.recordsRead < position)
      await new Promise((resolve) => setImmediate(resolve))
    await handle.checkpoint()
  }
  await handle.cancel()
  openUntil(RECORDS.length)
  cpSync(place, pristine, { recursive: true, preserveTimestamps: true })
  for (const listing of await directoryCatalog(checkpoints).list()) {
    if (listing.state !== 'complete') continue
    const { id, metadata } = listing
    const own = `${folderOf(id)}/metadata`
    needs.set(id, [own, ...metadata.parts.map(({ file }) => file)])
  }
  files = [...new Set([...needs.values()].flat())]
})

test.after(() => {
  rmSync(folder, { recursive: true })
})

function folderOf(id: number): string {
  return `checkpoint-${String(id).padStart(6, '0')}`
}

const DAMAGES: readonly Damage[] = [
  () => undefined,
  (bytes) => bytes.subarray(0, bytes.length >> 1),
  (bytes) => {
    const changed = Buffer.from(bytes)
    const at = changed.length >> 1
    changed[at] = (changed[at] ?? 0) ^ 1
    return changed
  },
  () => Buffer.alloc(0),
]

/** Puts everything back as the first run has left it. */
function putBack(): void {
  putBackFrom(pristine, place)
}

function damage(file: string, how: Damage): void {
  damageFile(join(checkpoints, file), how)
}

async function goOn(parallelism: number): Promise<{ notices: RestoreNotice[]; error: unknown }> {
  const notices: RestoreNotice[] = []
  const onRestore = (notice: RestoreNotice): void => {
    notices.push(notice)
  }
  const error: unknown = await runJob(job, { ...OPTIONS, parallelism, onRestore })
    .result()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  return { notices, error }
}

function written(): string[] {
  const out = join(place, 'out')
  const lines = readdirSync(out).flatMap((name) =>
    readFileSync(join(out, name), 'utf8').trimEnd().split('\n'),
  )
  return lines.map((line) => JSON.parse(line) as string).toSorted()
}

/** The newest checkpoint that needs none of these files. */
function newestWithout(damaged: readonly string[]): number | undefined {
  const whole = [...needs].filter(([, own]) => !own.some((file) => damaged.includes(file)))
  return whole.at(-1)?.[0]
}

/** Damages files, goes on, and looks whether all is as it should be. */
async function check(damaged: readonly string[], how: Damage, parallelism: number): Promise<void> {
  const what = damaged.join(', ')
  putBack()
  for (const file of damaged) damage(file, how)
  const { notices, error } = await goOn(parallelism)
  const newest = newestWithout(damaged)
  if (newest === undefined) {
    assert.is(error instanceof MillraceError && error.code, 'NO_CHECKPOINT', what)
    assert.ok(
      damaged.some((file) => String(error).includes(file)),
      `${what}: ${String(error)}`,
    )
    assert.equal(notices, [])
    return
  }
  assert.is(error, undefined, `${what}: ${String(error)}`)
  assert.is(notices.length, 1)
  const [notice] = notices
  assert.is(notice?.checkpointId, newest, what)
  for (const [id, own] of needs) {
    const broken = own.filter((file) => damaged.includes(file))
    if (id <= newest || broken.length === 0) continue
    const isTold = notice?.damaged.some((sentence) =>
      broken.some((file) => sentence.includes(file)),
    )
    assert.ok(isTold || notice?.incomplete.includes(id), `${what}: checkpoint ${id}`)
  }
  assert.equal(written(), EXPECTED, what)
}

test('there are two bases, and increments on both', () => {
  assert.equal([...needs.keys()], [1, 2, 3, 4, 5, 6])
  const foldersOf = (id: number): string[] =>
    [...new Set((needs.get(id) ?? []).map((file) => file.split('/')[0] ?? ''))].toSorted()
  assert.equal(foldersOf(3), [1, 2, 3].map(folderOf))
  assert.equal(foldersOf(4), [folderOf(4)])
  assert.equal(foldersOf(6), [4, 5, 6].map(folderOf))
})

test('without damage the job goes on from the newest', () => check([], () => undefined, 2))

test('whichever file is damaged or removed, the job goes on from the newest checkpoint that does not need it', async () => {
  for (const [index, file] of files.entries()) {
    const how = DAMAGES[index % DAMAGES.length] as Damage
    await check([file], how, 1 + (index % 3))
  }
})

/** A part of checkpoint `base` on which `id` builds. */
function partOf(base: number, id: number): string {
  const part = needs.get(id)?.find((file) => file.startsWith(`${folderOf(base)}/`))
  assert.ok(part)
  return part ?? ''
}

test('a part of a base that is damaged in any way takes all that builds on it with it', async () => {
  const part = partOf(4, 6)
  assert.is(newestWithout([part]), 3)
  for (const how of DAMAGES) await check([part], how, 2)
})

test('where both bases are damaged the job is refused, and the files are named', async () => {
  const parts = [partOf(1, 3), partOf(4, 6)]
  assert.is(newestWithout(parts), undefined)
  for (const how of DAMAGES) await check(parts, how, 2)
})

test('the same for random files, some of which are damaged at the same time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat({ max: files.length - 1 }), { minLength: 2, maxLength: 4 }),
      fc.constantFrom(...DAMAGES),
      fc.integer({ min: 1, max: 3 }),
      (chosen, how, parallelism) =>
        check(
          chosen.map((at) => files[at] ?? ''),
          how,
          parallelism,
        ),
    ),
    { numRuns: 8 },
  )
})

test.run()
