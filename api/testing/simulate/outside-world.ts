/**
 * What outlives the processes of a simulated run: the disk with the checkpoints, and what sinks have made visible.
 *
 * Sinks that write files do so on that disk, where the caller can read them (`ReadFiles`).
 *
 * In the place of every other sink of a job stands one in two phases that keeps what it is given: nothing of it counts before its commit, and what
 * is committed twice counts once. So is, where a process may die, every collected stream: a reader in that process would not see what was
 * collected between its last look and its death.
 */
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { DirectoryStoreOptions } from '../../../checkpoint/store/directory-store.ts'
import type { OutputDisk } from '../../../checkpoint/store/output-disk.ts'
import {
  steppedFileSystem,
  steppedOutputDisk,
} from '../../../checkpoint/store/stepped-file-system.ts'
import type { Sink } from '../../../operators/sink.ts'
import { OperationQueue } from '../../../runtime/simulation/operation-queue.ts'
import { isAlive } from '../../../runtime/simulation/simulated-mesh.ts'
import type { Simulator } from '../../../runtime/simulator.ts'
import type { JobGraph } from '../../graph.ts'
import type { Surroundings } from '../../execution/surroundings.ts'
import { canonicalText } from './canonical-text.ts'
import type { FaultPlan } from './fault-plan.ts'

/** One row that an output has got: as text, and, where its order counts, the key within which it does. */
export interface OutputRow {
  readonly text: string
  readonly key: string | undefined
}

/** Rows that become visible together. */
interface Transaction {
  readonly id: number
  readonly output: string
  readonly rows: readonly OutputRow[]
}

/** The key within which the order of an output counts, by the name of the output. */
export type OrderKeys = Readonly<Record<string, (row: never) => unknown>>

/**
 * Reads what file sinks have written: all files on the simulated disk but those of checkpoints, hidden ones too, by path. Returns the
 * rows of each output. What it throws is what is wrong with a run.
 */
export type ReadFiles = (
  files: ReadonlyMap<string, Uint8Array>,
) =>
  | Readonly<Record<string, readonly unknown[]>>
  | Promise<Readonly<Record<string, readonly unknown[]>>>

/** How a world is made. */
export interface WorldOptions {
  readonly random: () => number
  readonly plan: FaultPlan | undefined
  readonly order: OrderKeys
  /** Undefined: no sink writes files. */
  readonly readFiles: ReadFiles | undefined
}

/** What one process has to do with. */
interface ProcessWorld {
  readonly queue: OperationQueue
  readonly disk: OutputDisk
  readonly collectsToSink: boolean
}

/** Where checkpoints lie on the simulated disk. */
export const CHECKPOINTS_FOLDER = '/checkpoints'

/** See the head of this file. */
export class OutsideWorld {
  readonly #options: WorldOptions
  readonly #disk: SimulatedDisk
  readonly #committed = new Map<number, Transaction>()
  #nextTransaction = 1
  #processes = 0

  constructor(options: WorldOptions) {
    this.#options = options
    const { random, plan } = options
    this.#disk = new SimulatedDisk({
      random,
      ...(plan === undefined ? {} : { faultAt: (_, call) => plan.diskFault(call) }),
    })
  }

  /** Processes that have begun. */
  get processes(): number {
    return this.#processes
  }

  /** What a new process sees: the disk as it is now, and an empty memory. `collectsToSink`: see the head of this file. */
  newProcess(simulator: Simulator, collectsToSink: boolean): Surroundings {
    const pid = ++this.#processes
    const queue = new OperationQueue(() => {
      simulator.wake()
    })
    simulator.addSource(queue)
    const storage: DirectoryStoreOptions = {
      files: steppedFileSystem(this.#disk.mount(), queue),
      processes: {
        self: { pid, start: 0, host: 'simulated' },
        isAlive: (other) => other.pid === this.#processes,
      },
    }
    const disk = this.#disk.mountForOutputs({ id: pid, isRunning: () => false })
    return { storage, adapt: (graph) => this.#adapt(graph, { queue, disk, collectsToSink }) }
  }

  /** The process has died; with it, perhaps, the power has gone. */
  processDied(powerFails: boolean): void {
    const { random } = this.#options
    if (powerFails) this.#disk.crash(random() < 0.3 ? 'all' : 'some')
    else this.#disk.crash('nothing')
  }

  /** The job has ended, and then the power goes: what is visible must stay. */
  powerFailsAtEnd(): void {
    this.#disk.crash('all')
  }

  /** What file sinks have written, as it is on the disk now. Rejects with what the reader throws. */
  async files(): Promise<Map<string, OutputRow[]>> {
    const { readFiles } = this.#options
    if (readFiles === undefined) return new Map()
    const outputs = [...this.#disk.contents()].filter(
      ([path]) => !path.startsWith(`${CHECKPOINTS_FOLDER}/`),
    )
    const rows = Object.entries(await readFiles(new Map(outputs)))
    return new Map(
      rows.map(([output, values]) => [output, values.map((value) => this.row(output, value))]),
    )
  }

  /** The output of a row. */
  row(output: string, value: unknown): OutputRow {
    const keyOf = this.#options.order[output] as ((row: unknown) => unknown) | undefined
    return {
      text: canonicalText(value),
      key: keyOf === undefined ? undefined : canonicalText(keyOf(value)),
    }
  }

  /** What is visible, by output, in the order of the commits; of all sinks but those that write files. */
  visible(): Map<string, OutputRow[]> {
    const rows = new Map<string, OutputRow[]>()
    for (const { output, rows: added } of this.#committed.values()) {
      const known = rows.get(output)
      if (known === undefined) rows.set(output, [...added])
      else known.push(...added)
    }
    return rows
  }

  #adapt(graph: JobGraph, { queue, disk, collectsToSink }: ProcessWorld): JobGraph {
    const writesFiles = this.#options.readFiles !== undefined
    const nodes = graph.nodes.map((node) => {
      const { operator } = node
      if (operator.kind === 'sink') {
        const { maxParallelism } = operator.sink
        const limit = maxParallelism === undefined ? {} : { maxParallelism }
        const onDisk = writesFiles ? sinkOnDisk(operator.sink, disk, queue) : undefined
        const sink = { ...(onDisk ?? this.#sink(node.name, operator.sink.name, queue)), ...limit }
        return { ...node, operator: { kind: 'sink' as const, sink } }
      }
      if (operator.kind !== 'collect' || !collectsToSink) return node
      const sink = { ...this.#sink(operator.name, node.name, queue), maxParallelism: 1 }
      return { ...node, parallelismLimit: 1, operator: { kind: 'sink' as const, sink } }
    })
    return { ...graph, nodes }
  }

  #sink(output: string, name: string, queue: OperationQueue): Sink<unknown, never, Transaction> {
    return {
      name,
      open: () => {
        let rows: OutputRow[] = []
        return {
          write: (values) => {
            for (const value of values) rows.push(this.row(output, value))
            // Now and then a sink lets its subtask wait.
            if (this.#options.random() < 0.5) return undefined
            return queue.run(`${output}: writes`, () => undefined)
          },
          flush: () => undefined,
          prepare: async () => {
            await queue.run(`${output}: prepares`, () => undefined)
            if (rows.length === 0) return {}
            const committables = [{ id: this.#nextTransaction++, output, rows }]
            rows = []
            return { committables }
          },
          close: () => undefined,
        }
      },
      commit: async (transactions) => {
        for (const transaction of transactions) {
          const { id, rows } = transaction
          await queue.run(`${output}: commits transaction ${id} of ${rows.length} rows`, () => {
            if (!this.#committed.has(id)) this.#committed.set(id, transaction)
          })
        }
      },
    }
  }
}

/** A sink on a disk whose calls happen one by one, those of a writer only while its thread runs. Undefined: the sink can't. */
function sinkOnDisk(
  sink: Sink<unknown>,
  disk: OutputDisk,
  queue: OperationQueue,
): Sink<unknown> | undefined {
  const onCoordinator = sink.onDisk?.(steppedOutputDisk(disk, queue, () => true))
  if (onCoordinator === undefined) return undefined
  return {
    name: sink.name,
    open: (context) => {
      const own = steppedOutputDisk(disk, queue, () => isAlive(context.clock))
      return (sink.onDisk?.(own) ?? onCoordinator).open(context)
    },
    commit: (committables) => onCoordinator.commit?.(committables),
  }
}
