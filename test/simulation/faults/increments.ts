/** Mistakes with checkpoints that have only what has changed. */
import { DeletedEntries } from '../../../checkpoint/state/deleted-entries.ts'
import { NewerEntries } from '../../../checkpoint/state/newer-entries.ts'
import type { FileSystem } from '../../../checkpoint/store/file-system.ts'
import { METADATA_FILE } from '../../../checkpoint/store/layout.ts'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { CompiledChain } from '../../../operators/chain/chain.ts'
import { IncrementChain } from '../../../operators/checkpointing/increment-chain.ts'
import { changingState } from '../shapes/changing-state.ts'
import type { Fault } from './fault.ts'
import { patch } from './patch.ts'

/** Many, of which some fail, so that there are increments. */
const checkpoints = { incremental: true, intervalMs: 5, tolerableFailures: Infinity }

/** See the head of this file. */
export const INCREMENTS: readonly Fault[] = [
  {
    name: 'changes are told since the last checkpoint, although it was not completed',
    shape: changingState,
    checkpoints,
    kinds: ['process', 'actor', 'disk-error', 'disk-full'],
    install: () => {
      const last = new WeakMap<IncrementChain, readonly number[]>()
      return patch(IncrementChain.prototype, 'cut', (original) => {
        return function (checkpointId, chain) {
          const cut: CompiledChain['cut'] = (options) => {
            const since = options?.since === undefined ? undefined : last.get(this)
            const made = chain.cut({ ...options, since })
            last.set(this, made.numbers)
            return made
          }
          return original.call(this, checkpointId, { ...chain, cut })
        }
      })
    },
  },
  {
    name: 'what is deleted is not told',
    shape: changingState,
    checkpoints,
    kinds: ['process', 'actor'],
    install: () => patch(DeletedEntries.prototype, 'add', () => () => {}),
  },
  {
    name: 'what is deleted comes back from the base',
    shape: changingState,
    checkpoints,
    kinds: ['process', 'actor'],
    install: () => patch(NewerEntries.prototype, 'gone', () => () => {}),
  },
  {
    name: 'an older entry takes the place of a newer one',
    shape: changingState,
    checkpoints,
    kinds: ['process', 'actor'],
    install: () => patch(NewerEntries.prototype, 'isNewest', () => () => true),
  },
  {
    name: 'a checkpoint that has only changes says that it has everything',
    shape: changingState,
    checkpoints,
    kinds: ['process', 'actor'],
    install: () =>
      patch(IncrementChain.prototype, 'cut', (original) => {
        return function (checkpointId, chain) {
          const { cut } = original.call(this, checkpointId, chain)
          return { cut }
        }
      }),
  },
  {
    name: 'parts go with the checkpoint for which they were written',
    shape: changingState,
    checkpoints,
    kinds: ['process', 'actor'],
    install: () =>
      patch(SimulatedDisk.prototype, 'mount', (original) => {
        return function () {
          return removingFolders(original.call(this))
        }
      }),
  },
]

/** Whose metadata goes loses all its files. */
function removingFolders(files: FileSystem): FileSystem {
  return {
    ...files,
    async removeFile(file) {
      await files.removeFile(file)
      if (!file.endsWith(`/${METADATA_FILE}`)) return
      const folder = file.slice(0, -METADATA_FILE.length - 1)
      for (const { name } of await files.entries(folder))
        await files.removeFile(`${folder}/${name}`)
    },
  }
}
