/**
 * The flights job on the command line, killed by SIGKILL again and again and started again with `--resume`, until it ends: for the tests, and
 * for longer runs by `main.ts`.
 */
import { readdirSync, watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { directoryCatalog } from '../../checkpoint/store/directory-store.ts'
import { seededRandom } from '../../runtime/seeded-random.ts'
import { start } from '../cli/command.ts'
import type { RunningCommand } from '../cli/command.ts'

const JOB = fileURLToPath(new URL('../../examples/flights.js', import.meta.url))
/** Longest time from the moment that a kill waits for, the start of the run or a checkpoint, to the kill. In milliseconds. */
const LONGEST_MS = 250
/** A run that is to be killed when it does something dies after this time at the latest. */
const LATEST_MS = 30_000

/** How the job is run, and killed. */
export interface KillOptions {
  /** Holds the output and the checkpoints; made if it is missing. */
  readonly folder: string
  readonly seed: number
  /** Kills at the most; then the job may end. */
  readonly kills: number
  /** Of the first run, the second …; the last one also of all that follow. */
  readonly parallelisms: readonly number[]
  readonly log?: (line: string) => void
}

/** What became of it. */
export interface KilledRuns {
  readonly output: string
  /** Kills that met a running process. */
  readonly kills: number
  /** Those of them that left a checkpoint without its metadata: in the middle of making it. */
  readonly insideCheckpoints: number
  /** Different checkpoints from which a run went on. */
  readonly resumedFrom: ReadonlySet<number>
  /** The worst airport-hours, if the last run was the one that had them. */
  readonly worst: readonly { readonly origin: string; readonly windowStart: string }[]
}

/**
 * Runs the job to its end, with a kill per run as long as there are any left. Rejects when a run ends otherwise than well or by its kill.
 */
export async function killUntilDone(options: KillOptions): Promise<KilledRuns> {
  const { folder, seed, parallelisms, log = () => {} } = options
  const random = seededRandom(seed)
  const [checkpoints, output] = [join(folder, 'checkpoints'), join(folder, 'out.jsonl')]
  await mkdir(checkpoints, { recursive: true })
  const resumedFrom = new Set<number>()
  let leftBefore: ReadonlySet<number> = new Set()
  let [kills, insideCheckpoints] = [0, 0]
  for (let run = 0; ; run++) {
    const parallelism = parallelisms[Math.min(run, parallelisms.length - 1)] ?? 2
    const child = start([
      'run',
      JOB,
      '--json',
      '--resume',
      '--parallelism',
      String(parallelism),
      '--arg',
      `output=${output}`,
      '--checkpoints',
      checkpoints,
      '--checkpoint-interval',
      '200ms',
    ])
    await child.printed('stderr', 'millrace: ')
    const reason = kills < options.kills ? await untilKill(child, folder, random) : 'nothing'
    if (reason !== 'nothing') child.signal('SIGKILL')
    const { code, signal, stdout, stderr } = await child.ended
    const [, id] = /going on from checkpoint (\d+)/.exec(stderr) ?? []
    if (id !== undefined) resumedFrom.add(Number(id))
    if (signal === 'SIGKILL') {
      kills++
      const left = await incompleteIn(checkpoints)
      // What an earlier kill has left stays until the next checkpoint is begun.
      const inside = left.some((id) => !leftBefore.has(id))
      leftBefore = new Set(left)
      if (inside) insideCheckpoints++
      log(`kill ${kills} at ${reason}${inside ? ', inside a checkpoint' : ''}; began with ${id}`)
      continue
    }
    if (code !== 0) throw new Error(`run ${run} of seed ${seed} ended with ${code}: ${stderr}`)
    const { collected } = JSON.parse(stdout) as {
      collected: { 'worst airport-hours': KilledRuns['worst'] }
    }
    const worst = collected['worst airport-hours']
    return { output, kills, insideCheckpoints, resumedFrom, worst }
  }
}

/** Checkpoints without metadata. */
async function incompleteIn(directory: string): Promise<number[]> {
  const listings = await directoryCatalog(directory).list()
  return listings.filter(({ state }) => state === 'incomplete').map(({ id }) => id)
}

/**
 * Resolves when the moment has come; says what it was: soon after the start, when the first or the second checkpoint of the run is begun, some time
 * after that, or when the output gets its name. By checkpoints and not by the clock alone, because on a busy machine runs would
 * not get anywhere.
 */
async function untilKill(
  child: RunningCommand,
  folder: string,
  random: () => number,
): Promise<string> {
  const over = child.ended.then(() => 'its end')
  const begun = Math.floor(random() * 4)
  const waitMs = random() < 0.4 ? 0 : Math.floor(random() * LONGEST_MS)
  const moment = begun === 0 ? Promise.resolve('the start') : seen(folder, begun > 1 ? 2 : 1, over)
  const at = await moment
  await Promise.race([delay(at === COMMIT ? 0 : waitMs), over])
  return waitMs === 0 ? at : `${at}, after ${waitMs} ms`
}

const COMMIT = 'the commit of the output'

/** Resolves when so many more checkpoints have been begun, of which all but the last are complete, or when the run is over. */
async function seen(folder: string, begun: number, over: Promise<string>): Promise<string> {
  const directory = join(folder, 'checkpoints')
  const known = new Set(readdirSync(directory))
  const controller = new AbortController()
  const { signal } = controller
  const found = new Promise<string>((resolve) => {
    let left = begun
    const look = (_event: string, name: string | null): void => {
      if (name === 'out.jsonl') resolve(COMMIT)
      if (name === null || !name.startsWith('checkpoint-') || known.has(name)) return
      known.add(name)
      if (--left === 0) resolve(name)
    }
    watch(folder, { signal }, look)
    watch(directory, { signal }, look)
  })
  try {
    return await Promise.race([found, over, delay(LATEST_MS, 'the latest', { signal })])
  } finally {
    controller.abort()
  }
}
