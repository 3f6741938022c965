/**
 * Apache Flink in a JVM of its own, with the queries of the Nexmark benchmark: built when needed, started once, asked line by line.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

/** What Flink needs to look into what it copies. */
const OPENED = [
  'java.util',
  'java.lang',
  'java.time',
  'java.util.concurrent',
  'java.nio',
  'sun.nio.ch',
]
const HEAP = '-Xmx4g'

/** How long a run took. */
export interface FlinkRun {
  /** What Flink says of the job, without the start of the JVM and of the cluster. */
  readonly seconds: number
  readonly cpuSeconds: number
}

/** A JVM that waits for commands. One at a time. */
export interface FlinkCluster {
  run(query: string, events: number, parallelism: number): Promise<FlinkRun>
  /** Writes the rows as JSON Lines. */
  rows(
    query: string,
    request: { events: number; parallelism: number; groupSize: number; file: string },
  ): Promise<void>
  stop(): void
}

/** Builds the Java side and starts it. Throws where Maven or Java are missing. */
export function startFlink(log: (line: string) => void): FlinkCluster {
  const folder = sourceFolder()
  requireCommand('java', '-version', 'Java 17')
  requireCommand('mvn', '-v', 'Maven')
  log('building the Java side with Maven')
  execFileSync('mvn', ['-q', '-B', 'package'], { cwd: folder, stdio: ['ignore', 2, 2] })
  const opens = OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)
  const path = `${join(folder, 'target', 'nexmark-on-flink-1.jar')}:${join(folder, 'target', 'lib', '*')}`
  const child = spawn('java', [...opens, HEAP, '-cp', path, 'nexmark.Main'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (...words: readonly (string | number)[]): Promise<unknown> => {
    child.stdin.write(`${words.join(' ')}\n`)
    const answer = await answers.next()
    if (answer.done === true)
      throw new Error(`Flink has ended while it was asked: ${words.join(' ')}`)
    return JSON.parse(answer.value)
  }
  return {
    run: async (query, events, parallelism) =>
      (await ask('run', query, events, parallelism)) as FlinkRun,
    async rows(query, { events, parallelism, groupSize, file }) {
      await ask('rows', query, events, parallelism, groupSize, file)
    },
    stop() {
      child.stdin.end()
      child.kill()
    },
  }
}

/** The Java side is not compiled into the folder of this module: it lies in the repository. */
function sourceFolder(): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const folder = join(at, 'benchmarks', 'flink')
    if (existsSync(join(folder, 'pom.xml'))) return folder
    if (at === dirname(at)) throw new Error('flink: runs in a clone of the repository only')
  }
}

function requireCommand(command: string, option: string, name: string): void {
  try {
    execFileSync(command, [option], { stdio: 'ignore' })
  } catch (error) {
    throw new Error(`flink: needs ${name}; '${command} ${option}' does not work here`, {
      cause: error,
    })
  }
}
