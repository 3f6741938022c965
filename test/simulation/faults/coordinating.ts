/** Mistakes of the coordinator, and of what stands behind it: sinks and the disk. */
import type { JobGraph } from '../../../api/graph.ts'
import { OutsideWorld } from '../../../api/testing/simulate/outside-world.ts'
import { ContributionLedger } from '../../../checkpoint/coordinator/contribution-ledger.ts'
import { SnapshotPieces } from '../../../checkpoint/coordinator/snapshot-pieces.ts'
import type { FileSystem, NewFile } from '../../../checkpoint/store/file-system.ts'
import { METADATA_FILE } from '../../../checkpoint/store/layout.ts'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { Sink } from '../../../operators/sink.ts'
import { chain } from '../shapes/chain.ts'
import { changingState } from '../shapes/changing-state.ts'
import type { Fault } from './fault.ts'
import { patch } from './patch.ts'
import type { Undo } from './patch.ts'

/** What the sinks of the simulator prepare. */
interface Transaction {
  readonly id: number
}
type AnySink = Sink<unknown, unknown, unknown>

/** See the head of this file. */
export const COORDINATING: readonly Fault[] = [
  {
    name: 'sinks commit before the checkpoint is complete',
    shape: chain,
    kinds: ['process'],
    install: () =>
      withSinks((sink) => ({
        ...sink,
        open: async (context) => {
          const writer = await sink.open(context)
          const prepare = writer.prepare?.bind(writer)
          return {
            write: (values, timestamps) => writer.write(values, timestamps),
            flush: () => writer.flush(),
            close: () => writer.close(),
            prepare: async (last) => {
              const prepared = (await prepare?.(last)) ?? {}
              await sink.commit?.(prepared.committables ?? [])
              return prepared
            },
          }
        },
      })),
  },
  {
    name: 'what is committed again appears twice',
    shape: chain,
    kinds: ['process'],
    install: () => {
      let next = 1e9
      return withSinks((sink) => ({
        ...sink,
        commit: (transactions) =>
          sink.commit?.(
            transactions.map((transaction) => ({ ...(transaction as Transaction), id: next++ })),
          ),
      }))
    },
  },
  {
    name: 'what was prepared for a checkpoint that failed is forgotten',
    shape: chain,
    kinds: ['disk-error', 'disk-full'],
    install: () =>
      patch(ContributionLedger.prototype, 'acknowledged', () => {
        return (_name, snapshot) => snapshot
      }),
  },
  {
    name: 'subtasks that have finished are left out of the next checkpoints',
    shape: chain,
    kinds: ['control'],
    install: () =>
      patch(ContributionLedger.prototype, 'finals', (original) => {
        return function () {
          return original.call(this).map(({ name, snapshot }) => ({
            name,
            snapshot: { ...snapshot, operators: [], sinks: [], source: undefined, finished: false },
          }))
        }
      }),
  },
  {
    name: 'what subtasks hand over before they acknowledge is left out',
    shape: changingState,
    kinds: ['actor'],
    install: () =>
      patch(SnapshotPieces.prototype, 'join', () => {
        return (_name, snapshot) => ({ ...snapshot, listsBefore: undefined })
      }),
  },
  {
    name: 'nothing is synced',
    shape: chain,
    kinds: ['power'],
    install: () =>
      withDisk((files) => ({
        ...files,
        create: async (file) => ({ ...(await files.create(file)), sync: () => Promise.resolve() }),
        syncFolder: () => Promise.resolve(),
      })),
  },
  {
    name: 'the metadata is written before the parts',
    shape: chain,
    kinds: ['process', 'power'],
    install: () => withDisk(partsLast),
  },
]

function withSinks(change: (sink: AnySink) => AnySink): Undo {
  return patch(OutsideWorld.prototype, 'newProcess', (original) => {
    return function (simulator, collectsToSink) {
      const surroundings = original.call(this, simulator, collectsToSink)
      const adapt = (graph: JobGraph): JobGraph => {
        const adapted = surroundings.adapt(graph)
        const nodes = adapted.nodes.map((node) => {
          const { operator } = node
          if (operator.kind !== 'sink') return node
          return {
            ...node,
            operator: { ...operator, sink: change(operator.sink) },
          }
        })
        return { ...adapted, nodes }
      }
      return { ...surroundings, adapt }
    }
  })
}

function withDisk(change: (files: FileSystem) => FileSystem): Undo {
  return patch(SimulatedDisk.prototype, 'mount', (original) => {
    return function () {
      return change(original.call(this))
    }
  })
}

/** Keeps parts in memory until the metadata is there, and some calls more have been made. */
function partsLast(files: FileSystem): FileSystem {
  const waiting = new Map<string, Uint8Array[]>()
  let left = 0
  const called = async (): Promise<void> => {
    if (left === 0 || --left > 0) return
    for (const [file, pieces] of waiting) await written(files, file, pieces)
    waiting.clear()
  }
  const isPart = (file: string): boolean => /\.part(?:\.tmp)?$/.test(file)
  return {
    ...files,
    async create(file) {
      await called()
      if (!isPart(file)) return files.create(file)
      const pieces: Uint8Array[] = []
      waiting.set(file, pieces)
      return inMemory(pieces)
    },
    async rename(from, to) {
      const pieces = waiting.get(from)
      if (pieces === undefined) {
        await files.rename(from, to)
        if (to.endsWith(METADATA_FILE)) left = 4
        return
      }
      waiting.delete(from)
      waiting.set(to, pieces)
    },
    async read(file) {
      const pieces = waiting.get(file)
      return pieces === undefined ? files.read(file) : Buffer.concat(pieces)
    },
    async syncFolder(folder) {
      await called()
      await files.syncFolder(folder)
    },
    async entries(folder) {
      await called()
      return files.entries(folder)
    },
  }
}

function inMemory(pieces: Uint8Array[]): NewFile {
  return {
    write: (bytes) => {
      pieces.push(Uint8Array.from(bytes))
      return Promise.resolve()
    },
    sync: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

async function written(
  files: FileSystem,
  file: string,
  pieces: readonly Uint8Array[],
): Promise<void> {
  const real = await files.create(file)
  for (const piece of pieces) await real.write(piece)
  await real.sync()
  await real.close()
}
