/**
 * The form of a checkpoint's metadata: one value in the form of `mailbox/msgpack`, with the fields of `CheckpointMetadata`.
 *
 * A reader ignores fields it does not know, so a field may be added without a new version. The version is raised when one changes
 * its meaning, goes away, or must not be ignored.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { packList, unpackList } from '../../mailbox/msgpack.ts'
import { MAX_PARALLELISM_LIMIT } from '../key-groups.ts'
import { folderName, isCheckpointId, isPartFile } from './layout.ts'
import type {
  CheckpointFacts,
  CheckpointKind,
  CheckpointMetadata,
  StoredPart,
} from './snapshot-store.ts'
import type { FileDamage } from './stored-file.ts'

/**
 * The version of the form above. 2: some parts lie in the folders of other checkpoints, and subtasks may have several, which build on each
 * other. Without such parts 1 is written.
 */
export const METADATA_FORMAT = 2

/** A checkpoint of which only the facts are missing. */
export interface CheckpointParts {
  readonly id: number
  readonly kind: CheckpointKind
  readonly parts: readonly StoredPart[]
}

/** Metadata that was read: it, or what is wrong with it. */
export type ParsedMetadata =
  | { readonly metadata: CheckpointMetadata }
  | { readonly damage: FileDamage }

/** The fields of an object that may be anything else. */
type Unknown<T> = { readonly [K in keyof T]?: unknown }

/** Puts metadata together. Errors: `INVALID_ARGUMENT` for facts of another form, `UNSENDABLE_VALUE` for a value that is no plain data. */
export function createMetadata(
  { id, kind, parts }: CheckpointParts,
  facts: CheckpointFacts,
): { readonly metadata: CheckpointMetadata; readonly bytes: Uint8Array } {
  const { jobName, jobId, fingerprint, triggeredAt, completedAt, coordinator } = facts
  const own = folderName(kind, id)
  const metadata: CheckpointMetadata = {
    format: parts.every(({ file }) => file.startsWith(`${own}/`)) ? 1 : METADATA_FORMAT,
    id,
    kind,
    jobName,
    jobId,
    fingerprint,
    triggeredAt,
    completedAt,
    operators: facts.operators.map(({ uid, name, task, parallelism, maxParallelism }) => {
      return { uid, name, task, parallelism, maxParallelism }
    }),
    coordinator,
    parts,
  }
  const fault = faultInMetadata(metadata)
  if (fault !== undefined) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `metadata of checkpoint ${id}: expected ${fault.expected}, got ${fault.found}`,
    )
  }
  return { metadata, bytes: packList([metadata], 1, `metadata of checkpoint ${id}`) }
}

/** Reads metadata. Throws `UNSUPPORTED_FORMAT` for that of a later version; `where` goes into its message. */
export function parseMetadata(bytes: Uint8Array, where: string): ParsedMetadata {
  let value: unknown
  try {
    value = unpackList(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 1)[0]
  } catch {
    return { damage: { expected: 'metadata as msgpack', found: 'other bytes' } }
  }
  const { format } = fieldsOf<CheckpointMetadata>(value)
  if (isWhole(format) && format > METADATA_FORMAT) {
    throw new MillraceError(
      'UNSUPPORTED_FORMAT',
      `${where}: expected metadata up to format ${METADATA_FORMAT}, found ${format}: a later version of Millrace has written it`,
    )
  }
  const damage = faultInMetadata(value)
  return damage === undefined ? { metadata: value as CheckpointMetadata } : { damage }
}

/** The first field that is not as it must be. */
function faultInMetadata(value: unknown): FileDamage | undefined {
  const fields = fieldsOf<CheckpointMetadata>(value)
  const { format, id, kind, operators, parts } = fields
  if (!isWhole(format) || format < 1) return fault('"format", a whole number from 1', format)
  if (!isCheckpointId(id)) return fault('"id", a whole number from 1', id)
  if (kind !== 'checkpoint' && kind !== 'savepoint') {
    return fault('"kind", checkpoint or savepoint', kind)
  }
  for (const field of ['jobName', 'jobId', 'fingerprint'] as const) {
    if (typeof fields[field] !== 'string') return fault(`"${field}", a text`, fields[field])
  }
  for (const field of ['triggeredAt', 'completedAt'] as const) {
    if (!Number.isFinite(fields[field])) return fault(`"${field}", a number`, fields[field])
  }
  if (!Array.isArray(operators)) return fault('"operators", a list', operators)
  if (!Array.isArray(parts)) return fault('"parts", a list', parts)
  return (
    firstFault(operators, faultInOperator) ??
    firstFault(parts, faultInPart) ??
    repeated('uids', operators as { uid: string }[], ({ uid }) => uid) ??
    repeated('names of parts', parts as StoredPart[], ({ name }) => name)
  )
}

function faultInOperator(operator: unknown): FileDamage | undefined {
  const { uid, name, task, parallelism, maxParallelism } =
    fieldsOf<CheckpointFacts['operators'][number]>(operator)
  if (typeof uid !== 'string') return fault('operators with a "uid", a text', uid)
  if (typeof name !== 'string') return fault(`operator '${uid}' with a "name", a text`, name)
  if (!isWhole(task)) return fault(`operator '${uid}' with a "task", a number`, task)
  if (!isWhole(maxParallelism) || maxParallelism < 1 || maxParallelism > MAX_PARALLELISM_LIMIT) {
    const range = `from 1 to ${MAX_PARALLELISM_LIMIT}`
    return fault(`operator '${uid}' with a "maxParallelism" ${range}`, maxParallelism)
  }
  if (!isWhole(parallelism) || parallelism < 1 || parallelism > maxParallelism) {
    return fault(`operator '${uid}' with a "parallelism" from 1 to ${maxParallelism}`, parallelism)
  }
  return undefined
}

/** What is wrong with the description of a part. */
export function faultInPart(part: unknown): FileDamage | undefined {
  const { name, file, bytes, checksum } = fieldsOf<StoredPart>(part)
  if (typeof name !== 'string' || name === '') return fault('parts with a "name", a text', name)
  if (typeof file !== 'string' || !isPartFile(file)) {
    return fault(`part '${name}' with a "file" in the folder of a checkpoint`, file)
  }
  if (!isWhole(bytes)) return fault(`part '${name}' with its length as "bytes"`, bytes)
  if (!isWhole(checksum)) return fault(`part '${name}' with a "checksum", a number`, checksum)
  return undefined
}

function firstFault(
  list: readonly unknown[],
  faultIn: (item: unknown) => FileDamage | undefined,
): FileDamage | undefined {
  for (const item of list) {
    const found = faultIn(item)
    if (found !== undefined) return found
  }
  return undefined
}

function repeated<T>(
  what: string,
  list: readonly T[],
  textOf: (item: T) => string,
): FileDamage | undefined {
  const seen = new Set<string>()
  for (const text of list.map(textOf)) {
    if (seen.has(text)) return fault(`different ${what}`, `'${text}' twice`)
    seen.add(text)
  }
  return undefined
}

function fieldsOf<T>(value: unknown): Unknown<T> {
  return typeof value === 'object' && value !== null ? value : {}
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function fault(expected: string, found: unknown): FileDamage {
  const text = typeof found === 'string' ? found : (JSON.stringify(found) ?? String(found))
  return { expected, found: text.length > 60 ? `${text.slice(0, 60)}…` : text }
}
