/**
 * Threads that outlive a job, so that the next one finds them started, with its modules loaded and its code compiled. On the main thread.
 *
 * A job has the threads of one set to itself. It gives them back when it has finished; after anything else they are ended, because nobody
 * knows what user code left on them, and the next job gets new ones.
 */
import { availableParallelism } from 'node:os'
import { MillraceError } from '../../mailbox/errors.ts'
import { refuseUnknownOptions } from '../../runtime/known-options.ts'
import type { Async, ModuleExport, SlotGroup, SlotNode } from '../../runtime/slot-node.ts'
import type { ThreadHost } from '../../runtime/thread-host.ts'
import { describeValue } from '../build-error.ts'
import { checkSlots, resolveThreads } from './check-slots.ts'
import type { ResolvedThreadOptions, ThreadOptions } from './check-slots.ts'

/** Options of `startCluster`. */
export interface ClusterOptions extends ThreadOptions {
  /** How many threads a job has at the most, 1 to 256. Default: one per core. */
  readonly slots?: number
}

const KNOWN = ['slots', 'heartbeatTimeoutMs', 'resourceLimits']

/**
 * Starts threads for any number of jobs, which run there one after the other, or side by side, each then on threads of its own. A job that was run
 * before starts in a few milliseconds, and at full speed.
 *
 * Modules are loaded once per thread: a changed file needs a new cluster, and what a module keeps in its variables, the next job finds there. The
 * threads keep the process alive until `stop`.
 *
 * @param options see `ClusterOptions`
 * @returns the cluster. Rejects with `INVALID_ARGUMENT`, `INVALID_SLOTS`, `SLOT_LOST` where a thread cannot start
 * @example
 * const cluster = await startCluster({ slots: 2 })
 * await runJob(url, { host: cluster }).result()
 * await runJob(url, { host: cluster }).result()
 * await cluster.stop()
 */
export async function startCluster(options: ClusterOptions = {}): Promise<LocalCluster> {
  if (typeof options !== 'object' || options === null) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `startCluster: expected an options object, got ${describeValue(options)}`,
    )
  }
  refuseUnknownOptions(options, KNOWN, 'startCluster')
  const { slots = availableParallelism() } = options
  const threads = resolveThreads(options, 'startCluster')
  const cluster = new LocalCluster(checkSlots(slots), threads)
  const first = await cluster.lease()
  await first.giveBack()
  return cluster
}

/** Where the numbers of channels go on. */
export interface ChannelNumbers {
  next: number
}

/** See `startCluster`. The `host` of `runJob`. */
export class LocalCluster {
  /** How many threads a job has at the most. */
  readonly slots: number
  /** @internal The channel numbers that no job has had: credits of an earlier job may still be on their way. */
  readonly channels: ChannelNumbers = { next: 1 }
  readonly #options: ResolvedThreadOptions
  readonly #idle: ThreadHost[] = []
  readonly #leases = new Map<ThreadHost, SlotLease>()
  /** Threads that begin or end at this moment. */
  readonly #underWay = new Set<Promise<unknown>>()
  #stopping: Promise<void> | undefined

  /** @internal */
  constructor(slots: number, options: ResolvedThreadOptions) {
    this.slots = slots
    this.#options = options
  }

  /**
   * Ends the threads that no job has, and those of jobs as soon as these have ended. Resolves when all are gone. A job that is started
   * later fails with `CLUSTER_STOPPED`. Calling it again returns the same promise.
   */
  stop(): Promise<void> {
    this.#stopping ??= Promise.all([
      ...this.#idle.splice(0).map((host) => host.stop()),
      ...[...this.#leases.values()].map((lease) => lease.ended),
      ...this.#underWay,
    ]).then(() => {})
    return this.#stopping
  }

  /** @internal Threads for one job: idle ones, or new ones. */
  async lease(): Promise<SlotLease> {
    this.#refuseStopped()
    const host = this.#idle.pop() ?? (await this.#follow(this.#start()))
    const lease = new SlotLease(host, async (clean) => {
      this.#leases.delete(host)
      if (clean && this.#stopping === undefined) this.#keep(host)
      else await host.stop()
    })
    this.#leases.set(host, lease)
    return lease
  }

  #refuseStopped(): void {
    if (this.#stopping === undefined) return
    throw new MillraceError('CLUSTER_STOPPED', 'Expected a cluster that runs; this one was stopped')
  }

  async #start(): Promise<ThreadHost> {
    // Loaded here, because slots import this file too, through the job's module, and need no pool.
    const { startThreads } = await import('./start-threads.ts')
    const host = await startThreads(this.slots, this.#options)
    if (this.#stopping !== undefined) {
      await host.stop()
      this.#refuseStopped()
    }
    host.onLost((slot, error) => {
      this.#leases.get(host)?.lost(slot, error)
      const at = this.#idle.indexOf(host)
      if (at < 0) return
      this.#idle.splice(at, 1)
      void this.#follow(host.stop())
    })
    return host
  }

  /** The cluster has not stopped before this has come to its end, well or not. */
  #follow<T>(step: Promise<T>): Promise<T> {
    const over = step.then(
      () => {},
      () => {},
    )
    this.#underWay.add(over)
    void over.then(() => this.#underWay.delete(over))
    return step
  }

  #keep(host: ThreadHost): void {
    host.unload()
    this.#idle.push(host)
  }
}

/** The threads of one job, until it stops them or gives them back. */
export class SlotLease implements SlotGroup {
  readonly main: SlotNode
  readonly count: number
  /** Resolves when the job has ended, and its threads are idle or gone. */
  readonly ended: Promise<void>
  readonly #host: ThreadHost
  readonly #end: (clean: boolean) => Promise<void>
  #tellEnded: () => void = () => {}
  #ending: Promise<void> | undefined
  #listeners: ((slot: number, error: Error) => void)[] = []
  #isWhole = true

  /** @internal */
  constructor(host: ThreadHost, end: (clean: boolean) => Promise<void>) {
    this.main = host.main
    this.count = host.count
    this.#host = host
    this.#end = end
    this.ended = new Promise((resolve) => {
      this.#tellEnded = resolve
    })
  }

  /** A thread has died. */
  lost(slot: number, error: Error): void {
    this.#isWhole = false
    for (const listener of this.#listeners) listener(slot, error)
  }

  load<Argument, Coordinator extends object, Api extends object>(
    slot: number,
    extension: ModuleExport,
    argument: Argument,
    coordinator: Coordinator,
  ): Promise<Async<Api>> {
    return this.#host.load(slot, extension, argument, coordinator)
  }

  onLost(listener: (slot: number, error: Error) => void): void {
    this.#listeners.push(listener)
  }

  /** Ends the threads. */
  stop(): Promise<void> {
    return this.#close(false)
  }

  /** What ran on the threads has come to its end and left nothing: they are free for the next job, unless one has died. */
  giveBack(): Promise<void> {
    return this.#close(this.#isWhole)
  }

  #close(clean: boolean): Promise<void> {
    this.#listeners = []
    this.#ending ??= this.#end(clean).finally(() => {
      this.#tellEnded()
    })
    return this.#ending
  }
}
