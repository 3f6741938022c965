/**
 * What a subtask contributes to a checkpoint as the content of one part: the bytes of its state and channels as they are, never
 * copied, behind a description of everything else.
 *
 *   0    4  version of this form: 1, little endian
 *   4    4  length of the description, little endian
 *   8    d  the `SubtaskSnapshot` as one value in the form of `mailbox/msgpack`, with a length in the place of each run of bytes
 *   8+d     the runs of bytes, in the order in which the description has them
 *
 * Pure functions, any thread.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { packList, unpackList } from '../../mailbox/msgpack.ts'
import type { OperatorSnapshot } from '../state/snapshot.ts'
import type { ChannelSnapshot, SubtaskName, SubtaskSnapshot } from '../subtask-snapshot.ts'

/** The version of the form above. */
export const SUBTASK_FORMAT = 1

const HEAD_BYTES = 8

type Operators<B> = readonly (Omit<OperatorSnapshot, 'groups' | 'operator'> & {
  readonly groups: readonly WithBytes<OperatorSnapshot['groups'][number], B>[]
  readonly operator: readonly WithBytes<OperatorSnapshot['operator'][number], B>[]
})[]
type WithBytes<T, B> = Omit<T, 'bytes'> & { readonly bytes: B }
type Batch = ChannelSnapshot['batches'][number]
type Channels<B> = readonly (Omit<ChannelSnapshot, 'batches'> & {
  readonly batches: readonly (Omit<Batch, 'payload'> & { readonly payload: B })[]
})[]
/** A snapshot whose runs of bytes are of type B. */
type Snapshot<B> = Omit<SubtaskSnapshot, 'operators' | 'channels'> & {
  readonly operators: Operators<B>
  readonly channels: Channels<B>
}

/** Whose part it is, and whether it builds on others. */
export interface SubtaskPartName extends SubtaskName {
  /** The checkpoint it was written for, where it builds on parts of earlier ones. Undefined: it is all that the subtask had. */
  readonly increment?: number
}

/** The name of the part of a subtask. `increment`: see `SubtaskPartName`. */
export function subtaskPartName({ taskId, subtaskIndex }: SubtaskName, increment?: number): string {
  const name = `task-${taskId}/subtask-${subtaskIndex}`
  return increment === undefined ? name : `${name}/increment-${increment}`
}

/** The reverse; undefined for any other name. */
export function parseSubtaskPartName(name: string): SubtaskPartName | undefined {
  const [, taskId, subtaskIndex, increment] =
    /^task-(\d{1,9})\/subtask-(\d{1,9})(?:\/increment-([1-9]\d{0,14}))?$/.exec(name) ?? []
  if (taskId === undefined || subtaskIndex === undefined) return undefined
  const subtask = { taskId: Number(taskId), subtaskIndex: Number(subtaskIndex) }
  return increment === undefined ? subtask : { ...subtask, increment: Number(increment) }
}

/**
 * The content of a part. The pieces are views of the snapshot's own bytes: those must not change until they are written.
 * Errors: `UNSENDABLE_VALUE` for what is no plain data.
 */
export function packSubtask(snapshot: SubtaskSnapshot): Uint8Array[] {
  const runs: Uint8Array[] = []
  const described = mapBytes(snapshot, (bytes: Uint8Array) => {
    runs.push(bytes)
    return bytes.length
  })
  const description = packList([described], 1, 'snapshot of a subtask')
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32LE(SUBTASK_FORMAT, 0)
  head.writeUInt32LE(description.length, 4)
  return [head, description, ...runs]
}

/**
 * The reverse. Runs of bytes are views of `content`.
 * Errors: `UNSUPPORTED_FORMAT` for a later version, `DAMAGED_PAYLOAD` for other bytes; `where` goes into the message.
 */
export function unpackSubtask(content: Uint8Array, where: string): SubtaskSnapshot {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length)
  const damaged = (found: string, cause?: unknown): MillraceError => {
    const message = `${where}: expected the snapshot of a subtask, found ${found}`
    return new MillraceError('DAMAGED_PAYLOAD', message, { cause })
  }
  if (bytes.length < HEAD_BYTES) throw damaged(`${bytes.length} bytes`)
  const format = bytes.readUInt32LE(0)
  if (format !== SUBTASK_FORMAT) {
    throw new MillraceError(
      'UNSUPPORTED_FORMAT',
      `${where}: expected a snapshot of format ${SUBTASK_FORMAT}, found ${format}: a later version of Millrace has written it`,
    )
  }
  let end = HEAD_BYTES + bytes.readUInt32LE(4)
  let snapshot: SubtaskSnapshot
  try {
    const [described] = unpackList(bytes.subarray(HEAD_BYTES, end), 1)
    snapshot = mapBytes(described as Snapshot<number>, (length: number) => {
      const start = end
      end += length
      return bytes.subarray(start, end)
    })
  } catch (cause) {
    throw damaged('other bytes', cause)
  }
  if (end !== bytes.length) throw damaged(`${bytes.length} bytes that describe ${end}`)
  return snapshot
}

/** A copy in which every run of bytes is what `map` makes of it, called in one fixed order. */
function mapBytes<A, B>(snapshot: Snapshot<A>, map: (bytes: A) => B): Snapshot<B> {
  const mapOne = <T extends { readonly bytes: A }>(one: T): WithBytes<T, B> => {
    return { ...one, bytes: map(one.bytes) }
  }
  const operators = snapshot.operators.map((operator) => {
    const { groups, operator: states } = operator
    return { ...operator, groups: groups.map(mapOne), operator: states.map(mapOne) }
  })
  const channels = snapshot.channels.map((channel) => {
    const batches = channel.batches.map((batch) => ({ ...batch, payload: map(batch.payload) }))
    return { ...channel, batches }
  })
  return { ...snapshot, operators, channels }
}
