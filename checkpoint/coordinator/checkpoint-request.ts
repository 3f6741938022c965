/**
 * A checkpoint that waits to be made, and whoever waits for it. On the main thread.
 */
import type { CheckpointKind, CheckpointMetadata, SnapshotStore } from '../store/snapshot-store.ts'

/** A checkpoint that is to be made. */
export interface CheckpointRequest {
  readonly kind: CheckpointKind
  readonly store: SnapshotStore
  /** By a user, or for the end of the job: who asked hears of a failure, and it does not count. */
  readonly asked: boolean
  /** Nothing follows behind its barriers, and it is committed wherever it lies: the job stops with it. */
  readonly stops: boolean
  readonly promise: Promise<CheckpointMetadata>
  readonly resolve: (metadata: CheckpointMetadata) => void
  readonly reject: (error: unknown) => void
}

/** Makes one. Its promise may be left alone: nobody waits for those that the job makes by itself. */
export function createRequest(
  facts: Pick<CheckpointRequest, 'kind' | 'store' | 'asked' | 'stops'>,
): CheckpointRequest {
  let resolve: CheckpointRequest['resolve'] = () => {}
  let reject: CheckpointRequest['reject'] = () => {}
  const promise = new Promise<CheckpointMetadata>((onResolved, onRejected) => {
    resolve = onResolved
    reject = onRejected
  })
  promise.catch(() => {})
  return { ...facts, promise, resolve, reject }
}
