/** Checkpoints, resuming, restarts and savepoints, as a user of the command line meets them. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { existsSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { directoryCatalog } from '../../checkpoint/store/directory-store.ts'
import { assertFailed, millrace, start, withFolder } from './command.ts'
import type { RunningCommand } from './command.ts'

/** Some thirty processes, which a busy machine starts slowly. */
export const deadlineMs = 300_000

const [COUNTS, STUMBLES] = ['checkpoints', 'restarts'].map((name) =>
  fileURLToPath(new URL(`../api/execution/fixtures/${name}.js`, import.meta.url)),
) as [string, string]

/** Ten keys, each counted from 1 to 200. */
const COUNTED = Array.from({ length: 2_000 }, (_, i) => Math.floor(i / 10) + 1)

interface Places {
  readonly checkpoints: string
  readonly output: string
  readonly saved: string
}

function placesIn(folder: string): Places {
  return {
    checkpoints: join(folder, 'checkpoints'),
    output: join(folder, 'out.jsonl'),
    saved: join(folder, 'saved'),
  }
}

/** The job, slow enough to be interrupted unless `pauseMs` says otherwise. */
function counting({ checkpoints, output }: Places, pauseMs: number): string[] {
  return [
    'run',
    COUNTS,
    '-p',
    '1',
    '-a',
    `output=${output}`,
    '-a',
    `pauseMs=${pauseMs}`,
    '--checkpoints',
    checkpoints,
    '--checkpoint-interval',
    '20ms',
  ]
}

function countsIn({ output }: Places): number[] {
  const values = readFileSync(output, 'utf8').trim().split('\n').map(Number)
  return values.toSorted((a, b) => a - b)
}

/** Waits for a job to have made a checkpoint. */
async function checkpointed(run: RunningCommand, { checkpoints }: Places): Promise<void> {
  let over = false
  void run.ended.then(() => {
    over = true
  })
  for (;;) {
    const latest = existsSync(checkpoints) ? await directoryCatalog(checkpoints).list() : []
    if (latest.some(({ state }) => state === 'complete')) return
    if (over) throw new Error(`ended without a checkpoint: ${(await run.ended).stderr}`)
    await delay(5)
  }
}

test('after Ctrl-C one line tells what is kept, and --resume goes on from it', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const first = start([...counting(places, 20), '--resume'])
    await checkpointed(first, places)
    first.signal('SIGINT')
    const ended = await first.ended
    assertFailed(
      { ...ended, stderr: ended.stderr.replace(/^millrace: no checkpoint in .*\n/, '') },
      130,
      'JOB_CANCELLED',
    )
    assert.match(ended.stderr, /^millrace: no checkpoint in .* yet: starting from the beginning\n/)
    const [, kept] =
      /^ {4}checkpoint (\d+) is kept in .*: go on from it with --resume$/m.exec(ended.stderr) ?? []
    assert.ok(kept !== undefined, ended.stderr)
    const second = await millrace([...counting(places, 0), '--resume', '--rows', '1'])
    assert.is(second.code, 0, second.stderr)
    assert.match(
      second.stderr,
      new RegExp(`^millrace: going on from checkpoint ${kept} in .*, made \\d{4}-.* UTC\n$`),
    )
    assert.match(second.stdout, /^checkpoints: [\d,]+ records in .*, \d+ checkpoints?\n/)
    assert.equal(countsIn(places), COUNTED)
  }))

test('a run that begins anew although there are checkpoints says so: its output would have everything twice', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const first = await millrace([...counting(places, 0), '--rows', '1'])
    assert.is(first.code, 0, first.stderr)
    assert.is(first.stderr, '')
    const again = await millrace([...counting(places, 0), '--rows', '1'])
    assert.is(again.code, 0, again.stderr)
    assert.match(
      again.stderr,
      /^millrace: .* has checkpoint \d+ of an earlier run: starting from the beginning all the same, since --resume, .*\n$/,
    )
    const resumed = await millrace([...counting(places, 0), '--resume', '--rows', '1'])
    assert.not.match(resumed.stderr, /earlier run/)
  }))

test('where all checkpoints are damaged, nobody says that the job would start from the beginning', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const first = await millrace([...counting(places, 0), '--rows', '1'])
    assert.is(first.code, 0, first.stderr)
    for (const { id } of await directoryCatalog(places.checkpoints).list()) {
      const name = `checkpoint-${String(id).padStart(6, '0')}`
      truncateSync(join(places.checkpoints, name, 'metadata'), 40)
    }
    const refused = await millrace([...counting(places, 0), '--resume'])
    assert.is(refused.code, 1)
    assert.match(refused.stderr, /^millrace: NO_CHECKPOINT: /m)
    assert.match(
      refused.stderr,
      /no checkpoint that can be read: going on with --resume is refused\n$/,
    )
  }))

test('a job that stops before its first checkpoint says that nothing is kept', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const run = start(['run', COUNTS, '-a', 'pauseMs=20', '--checkpoints', places.checkpoints])
    while (!existsSync(places.checkpoints)) await delay(5)
    run.signal('SIGTERM')
    const ended = await run.ended
    assertFailed(ended, 143, 'JOB_CANCELLED')
    assert.match(ended.stderr, /\n {4}.* holds no checkpoint: .* from the beginning\n$/)
  }))

test('SIGUSR2 makes a savepoint while the job goes on, and --from begins with it', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const run = start([...counting(places, 10), '--savepoint', places.saved])
    await checkpointed(run, places)
    run.signal('SIGUSR2')
    await run.printed('stderr', ': start from it with --from\n')
    const first = await run.ended
    assert.is(first.code, 0, first.stderr)
    assert.equal(countsIn(places), COUNTED)
    const [, id] = /savepoint (\d+) is in /.exec(first.stderr) ?? []
    const one = join(places.saved, `savepoint-${id?.padStart(6, '0')}`)
    for (const from of [places.saved, one]) {
      const args = ['run', COUNTS, '--json', '-p', '3', '--from', from]
      const refused = await millrace(args)
      assert.is(refused.code, 1)
      assert.match(refused.stderr, /^millrace: STATE_WITHOUT_OPERATOR: .*'file'/m)
      const again = await millrace([...args, '--allow-non-restored-state'])
      assert.is(again.code, 0, again.stderr)
      assert.match(again.stderr, new RegExp(`going on from checkpoint ${id} in `))
      assert.match(again.stderr, /^millrace: state that no operator .* is given up: 'file'$/m)
      const { totals } = JSON.parse(again.stdout) as { totals: { recordsRead: number } }
      assert.ok(totals.recordsRead > 0 && totals.recordsRead < 2_000, String(totals.recordsRead))
    }
  }))

test('with --savepoint, Ctrl-C stops the job with one, and --from goes on from it as if nothing had happened', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const run = start([...counting(places, 20), '--savepoint', places.saved])
    await checkpointed(run, places)
    run.signal('SIGINT')
    const { code, stderr } = await run.ended
    assert.is(code, 0, stderr)
    assert.match(stderr, /^millrace: stopping with a savepoint; .*\nmillrace: savepoint \d+ is in /)
    const again = await millrace([...counting(places, 0), '--from', places.saved])
    assert.is(again.code, 0, again.stderr)
    assert.equal(countsIn(places), COUNTED)
  }))

test('a savepoint that cannot be made is told, and the job goes on', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const run = start([...counting(places, 10), '--savepoint', COUNTS])
    await checkpointed(run, places)
    run.signal('SIGUSR2')
    await run.printed('stderr', 'no savepoint was made, the job goes on: STORE_NOT_A_DIRECTORY: ')
    const { code, stderr } = await run.ended
    assert.is(code, 0, stderr)
    assert.equal(countsIn(places), COUNTED)
  }))

test('--restarts starts a failed job again and tells of it; none ends it', () =>
  withFolder(async (folder) => {
    const stumble = (name: string, restarts: string) =>
      millrace([
        'run',
        STUMBLES,
        '--json',
        '-a',
        `marks=${join(folder, name)}`,
        '--restarts',
        restarts,
      ])
    const [again, never, tooOften] = await Promise.all([
      stumble('again', 'fixed:2:1ms'),
      stumble('never', 'none'),
      stumble('often', 'fixed:1:1ms'),
    ])
    assert.is(again.code, 0, again.stderr)
    for (const time of [1, 2]) {
      const line = `millrace: the job failed and starts again in 1 ms (restart ${time}): OPERATOR_FAILED: `
      assert.ok(again.stderr.includes(line), again.stderr)
    }
    assert.is((JSON.parse(again.stdout) as { restarts: number }).restarts, 2)
    assertFailed(never, 1, 'OPERATOR_FAILED')
    assert.match(tooOften.stderr, /^millrace: OPERATOR_FAILED: .*stumbled the 2\. time/m)
    assert.is(tooOften.code, 1)
  }))

test('--from where there is nothing is refused before the job runs', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const [missing, empty] = await Promise.all([
      millrace(['run', COUNTS, '--from', join(folder, 'nowhere')]),
      millrace(['run', COUNTS, '--from', folder]),
    ])
    assertFailed(missing, 2, 'STORE_NOT_FOUND')
    assertFailed(empty, 1, 'NO_CHECKPOINT')
    assert.not.ok(existsSync(places.output))
  }))

test('two runs cannot write into one directory of checkpoints: the second one is told who has it', () =>
  withFolder(async (folder) => {
    const places = placesIn(folder)
    const first = start(counting(places, 50))
    await checkpointed(first, places)
    const second = await millrace(counting(places, 0))
    first.signal('SIGINT')
    await first.ended
    assert.is(second.code, 1)
    assert.match(second.stderr, /^millrace: STORE_LOCKED: .*\d+/m)
  }))

test.run()
