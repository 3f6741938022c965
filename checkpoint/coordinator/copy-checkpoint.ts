/**
 * Writes a checkpoint that lies in one store into another one too. On the main thread.
 */
import { packSubtask, subtaskPartName } from '../store/subtask-part.ts'
import type { CheckpointMetadata, SnapshotStore } from '../store/snapshot-store.ts'
import { CheckpointError, reasonText } from './checkpoint-failure.ts'
import type { WrittenCheckpoint } from './checkpoint-run.ts'

/** Writes it, as a checkpoint of the next free number. Errors: `CHECKPOINT_FAILED`; then nothing of it is left, unless the reason is `inDoubt`. */
export async function copyCheckpoint(
  { metadata, bundle }: WrittenCheckpoint,
  store: SnapshotStore,
): Promise<CheckpointMetadata> {
  const { jobName, jobId, fingerprint, operators, triggeredAt, completedAt, coordinator } = metadata
  try {
    const writer = await store.begin(await store.nextId(), { kind: 'checkpoint' })
    try {
      for (const { name, snapshot } of bundle.contributions)
        await writer.put(subtaskPartName(name), packSubtask(snapshot))
      return await writer.complete({
        jobName,
        jobId,
        fingerprint,
        operators,
        triggeredAt,
        completedAt,
        coordinator,
      })
    } catch (error) {
      await writer.discard()
      throw error
    }
  } catch (error) {
    const code: unknown = (error as { code?: unknown } | undefined)?.code
    const reason = code === 'CHECKPOINT_IN_DOUBT' ? 'inDoubt' : 'storeFailed'
    const detail = `its copy in ${store.location}: ${reasonText(error)}`
    throw new CheckpointError({ checkpointId: metadata.id, reason, detail, cause: error })
  }
}
