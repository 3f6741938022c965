/** Mistakes in what an attempt begins with. */
import { JobCheckpoints } from '../../../api/execution/job-checkpoints.ts'
import { MemorySnapshotStore } from '../../../checkpoint/coordinator/memory-snapshot-store.ts'
import type {
  RestoredJob,
  RestoredOperator,
  RestoredShare,
} from '../../../checkpoint/coordinator/restored-job.ts'
import { RestoredState } from '../../../checkpoint/state/snapshot-reader.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import { asyncIo } from '../shapes/async-io.ts'
import { broadcast } from '../shapes/broadcast.ts'
import { chain } from '../shapes/chain.ts'
import { diamond } from '../shapes/diamond.ts'
import { keyedWindows } from '../shapes/keyed-windows.ts'
import { lateRecords } from '../shapes/late-records.ts'
import { rescale } from '../shapes/rescale.ts'
import { timers } from '../shapes/timers.ts'
import type { Fault } from './fault.ts'
import { patch } from './patch.ts'
import type { Undo } from './patch.ts'

/** See the head of this file. */
export const RESTORING: readonly Fault[] = [
  {
    name: 'sources begin their splits anew after a restore',
    shape: chain,
    kinds: ['actor'],
    install: () =>
      inShares((share) => ({
        ...share,
        splits: share.splits.map(({ split }) => ({ split, position: undefined })),
      })),
  },
  {
    name: 'splits that were being read are forgotten',
    shape: chain,
    kinds: ['actor'],
    install: () => inShares((share) => ({ ...share, splits: [] })),
  },
  {
    name: 'splits that were given out are given out again',
    shape: chain,
    kinds: ['actor'],
    install: () => inOperators((operator) => ({ ...operator, enumerator: undefined })),
  },
  {
    name: 'the state of the channels is lost',
    shape: diamond,
    mode: 'unaligned',
    kinds: ['actor'],
    install: () => afterRestore((job) => ({ ...job, channels: new Map() })),
  },
  {
    name: 'the watermark is not restored',
    shape: lateRecords,
    kinds: ['actor'],
    install: () => inShares((share) => ({ ...share, watermark: Number.NEGATIVE_INFINITY })),
  },
  {
    name: 'what was prepared is not committed after a restore',
    shape: chain,
    kinds: ['process', 'control'],
    install: () => afterRestore((job) => ({ ...job, committables: new Map() })),
  },
  {
    name: 'one key group is forgotten',
    shape: keyedWindows,
    kinds: ['actor'],
    install: () => inStates((state) => ({ ...state, groups: state.groups.slice(1) })),
  },
  {
    name: 'records that wait for answers from outside are forgotten',
    shape: asyncIo,
    kinds: ['actor'],
    install: () => inStates((state) => ({ ...state, operator: [] })),
  },
  {
    name: 'lists are restored twice',
    shape: rescale,
    kinds: ['actor', 'process'],
    install: () =>
      patch(RestoredState.prototype, 'claimOperator', (original) => {
        return function (part) {
          if (part.redistribution !== 'split') {
            original.call(this, part)
            return
          }
          const { name, kind, version, redistribution } = part
          original.call(this, {
            name,
            kind,
            version,
            redistribution,
            snapshot: () => part.snapshot(),
            restore: (items, stored) => {
              part.restore([...items, ...items], stored)
            },
          })
        }
      }),
  },
  {
    name: 'broadcast state is forgotten',
    shape: broadcast,
    kinds: ['actor'],
    install: () =>
      patch(RestoredState.prototype, 'claimOperator', (original) => {
        return function (part) {
          if (part.redistribution !== 'broadcast') original.call(this, part)
        }
      }),
  },
  {
    name: 'timers are forgotten',
    shape: timers,
    kinds: ['actor'],
    install: () =>
      patch(RestoredState.prototype, 'claimKeyed', (original) => {
        return function (part) {
          if (part.kind !== 'timers') original.call(this, part)
        }
      }),
  },
  {
    name: 'the latest checkpoint but one is restored',
    shape: chain,
    kinds: ['actor'],
    install: () =>
      patch(MemorySnapshotStore.prototype, 'latest', (original) => {
        return async function () {
          const latest = await original.call(this)
          const complete = (await this.list()).filter(({ state }) => state === 'complete')
          const older = complete.map(({ id }) => id).filter((id) => id < (latest.metadata?.id ?? 0))
          if (older.length === 0) return latest
          return { ...latest, metadata: await this.metadata(Math.max(...older)) }
        }
      }),
  },
]

function afterRestore(change: (job: RestoredJob) => RestoredJob): Undo {
  return patch(JobCheckpoints.prototype, 'restore', (original) => {
    return async function (graph, plan) {
      const job = await original.call(this, graph, plan)
      return job && change(job)
    }
  })
}

function inOperators(change: (operator: RestoredOperator) => RestoredOperator): Undo {
  return afterRestore((job) => {
    const operators = [...job.operators].map(([uid, operator]) => [uid, change(operator)] as const)
    return { ...job, operators: new Map(operators) }
  })
}

function inShares(change: (share: RestoredShare) => RestoredShare): Undo {
  return inOperators((operator) => ({ ...operator, shares: operator.shares.map(change) }))
}

function inStates(change: (state: OperatorSnapshot) => OperatorSnapshot): Undo {
  return inShares((share) => ({
    ...share,
    states: share.states.map(change),
    own: share.own && change(share.own),
  }))
}
