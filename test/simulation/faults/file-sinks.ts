/** Mistakes of sinks that write files: what they do not wait for, what they show too early, and what they leave behind. */
import { dirname } from 'node:path'
import type { NewFile } from '../../../checkpoint/store/file-system.ts'
import type { OutputDisk } from '../../../checkpoint/store/output-disk.ts'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import { fileSinks } from '../shapes/file-sink.ts'
import type { Fault } from './fault.ts'
import { patch } from './patch.ts'
import type { Undo } from './patch.ts'

/** See the head of this file. */
export const FILE_SINKS: readonly Fault[] = [
  {
    name: 'a barrier is acknowledged before what was written is on disk',
    shape: fileSinks,
    kinds: ['power'],
    install: () =>
      withFiles((file) => ({
        write: (bytes) => file.write(bytes),
        sync: () => Promise.resolve(),
        close: () => file.close(),
      })),
  },
  {
    name: 'nobody waits until files have their names on disk',
    shape: fileSinks,
    kinds: ['power'],
    install: () =>
      withDisk((disk, changed) => ({
        ...disk,
        rename: async (from, to) => {
          await disk.rename(from, to)
          changed.add(dirname(to))
        },
      })),
  },
  {
    name: 'nobody waits until new folders have their names on disk',
    shape: fileSinks,
    kinds: ['power'],
    install: () =>
      withDisk((disk, changed) => ({
        ...disk,
        makeFolder: async (folder) => {
          await disk.makeFolder(folder)
          changed.add(dirname(folder))
        },
      })),
  },
  {
    name: 'a folder that is there is taken for one that is on disk',
    shape: fileSinks,
    kinds: ['actor', 'slot', 'power'],
    install: () =>
      withDisk((disk, changed) => ({
        ...disk,
        facts: async (path) => {
          const facts = await disk.facts(path)
          if (facts.kind === 'folder') changed.add(dirname(path))
          return facts
        },
      })),
  },
  {
    name: 'a file gets its name when it has ended',
    shape: fileSinks,
    kinds: ['process'],
    install: () =>
      withFiles((file, path, disk) => ({
        write: (bytes) => file.write(bytes),
        sync: () => file.sync(),
        close: async () => {
          await file.close()
          await disk.rename(path, path.replace(/\.([^/]+)\.\d+\.pending$/, '$1'))
        },
      })),
  },
  {
    name: 'what was written behind the checkpoint stays in the file',
    shape: fileSinks,
    kinds: ['actor', 'process'],
    install: () =>
      withDisk((disk) => ({
        ...disk,
        reopen: async (file) => disk.reopen(file, (await disk.facts(file)).bytes),
      })),
  },
]

/** `changed`: folders whose next sync does nothing. */
function withDisk(change: (disk: OutputDisk, changed: Set<string>) => OutputDisk): Undo {
  return patch(SimulatedDisk.prototype, 'mountForOutputs', (original) => {
    return function (process) {
      const disk = original.call(this, process)
      const changed = new Set<string>()
      return {
        ...change(disk, changed),
        syncFolder: async (folder) => {
          if (!changed.delete(folder)) await disk.syncFolder(folder)
        },
      }
    }
  })
}

function withFiles(change: (file: NewFile, path: string, disk: OutputDisk) => NewFile): Undo {
  return withDisk((disk) => ({
    ...disk,
    open: async (path) => change(await disk.open(path), path, disk),
  }))
}
