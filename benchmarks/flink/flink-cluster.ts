/**
 * Apache Flink in a JVM of its own, with the queries of the Nexmark benchmark: built when needed, started once, asked line by line.
 */
import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Refusal } from '../figure.ts'
import { inRepository } from '../repository-folder.ts'

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

/** Which rows, and where to. */
export interface RowsToFile {
  readonly events: number
  readonly parallelism: number
  readonly groupSize: number
  readonly file: string
}

/** A JVM that waits for commands. One at a time. */
export interface FlinkCluster {
  run(query: string, events: number, parallelism: number): Promise<FlinkRun>
  /** Writes the rows as JSON Lines. */
  rows(query: string, request: RowsToFile): Promise<void>
  /** Runs the query in SQL. */
  runSql(query: string, events: number, parallelism: number): Promise<FlinkRun>
  /** Writes the rows that the query in SQL has in the end as JSON Lines. */
  rowsSql(query: string, request: RowsToFile): Promise<void>
  stop(): void
}

/** Builds the Java side and starts it. Throws where Maven or Java are missing. */
export function startFlink(log: (line: string) => void): FlinkCluster {
  const folder = inRepository('benchmarks/flink')
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
    runSql: async (query, events, parallelism) =>
      (await ask('sql', query, events, parallelism)) as FlinkRun,
    async rowsSql(query, { events, parallelism, groupSize, file }) {
      await ask('sqlrows', query, events, parallelism, groupSize, file)
    },
    stop() {
      child.stdin.end()
      child.kill()
    },
  }
}

function requireCommand(command: string, option: string, name: string): void {
  try {
    execFileSync(command, [option], { stdio: 'ignore' })
  } catch (error) {
    const message = `needs ${name}; '${command} ${option}' does not work here`
    throw new Refusal('failure', message, { cause: error })
  }
}
