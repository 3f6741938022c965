/**
 * A snapshot of an actor system as bytes, for a file or wherever the user keeps them.
 *
 *   0   'MRAS'            4   version, u16     6   0, u16     8   length of the payload, u32
 *   12  payload: the `StoredSystem`, packed by the record codec
 *   end CRC-32 of all before, u32               (numbers are little-endian)
 *
 * Pure; any thread.
 */
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../../mailbox/errors.ts'
import { packValue, unpackValue } from './packed-value.ts'
import type { StoredSystem } from './stored-system.ts'

/** Raised with every change of `StoredSystem`. */
export const SNAPSHOT_VERSION = 2
/** Versions from this one on are read. */
const OLDEST_VERSION = 1

/** A consistent snapshot of an actor system: `bytes` is all of it, the rest says what it holds. */
export interface ActorSystemSnapshot {
  /** Self-contained, versioned and checksummed. Keep them anywhere; `ActorSystem.start({ from })` takes them. */
  readonly bytes: Uint8Array
  /** When it was taken: wall-clock time of the host in milliseconds since 1970. */
  readonly createdAt: number
  /** Slots of the system besides slot 0. */
  readonly slots: number
  readonly actors: number
  /** Messages that had been sent and not handled: in mailboxes and on their way. */
  readonly messages: number
}

const MAGIC = Buffer.from('MRAS', 'latin1')
const HEADER_BYTES = 12
const CHECKSUM_BYTES = 4

/** Makes the bytes. */
export function writeSnapshot(system: StoredSystem): ActorSystemSnapshot {
  const payload = packValue(system, 'snapshot')
  const bytes = Buffer.alloc(HEADER_BYTES + payload.length + CHECKSUM_BYTES)
  MAGIC.copy(bytes)
  bytes.writeUInt16LE(SNAPSHOT_VERSION, 4)
  bytes.writeUInt32LE(payload.length, 8)
  bytes.set(payload, HEADER_BYTES)
  const end = HEADER_BYTES + payload.length
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end)
  return {
    bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    createdAt: system.createdAt,
    slots: system.slots,
    actors: system.actors.length,
    messages: system.actors.reduce((sum, { mail }) => sum + mail.length, 0),
  }
}

/**
 * Reads the bytes. Throws `INVALID_SNAPSHOT` for anything that is no snapshot, `UNSUPPORTED_FORMAT` for another version, and
 * `DAMAGED_SNAPSHOT` for one that was cut or changed.
 */
export function readSnapshot(from: unknown): StoredSystem {
  const bytes = bytesOf(from)
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) {
    throw new MillraceError(
      'INVALID_SNAPSHOT',
      `ActorSystem.start: expected a snapshot of an actor system as from, got ${bytes.length} bytes of something else`,
    )
  }
  const version = bytes.readUInt16LE(4)
  if (version < OLDEST_VERSION || version > SNAPSHOT_VERSION) {
    throw new MillraceError(
      'UNSUPPORTED_FORMAT',
      `Expected a snapshot of version ${OLDEST_VERSION} to ${SNAPSHOT_VERSION}, got one of version ${version}`,
    )
  }
  const end = HEADER_BYTES + bytes.readUInt32LE(8)
  if (bytes.length !== end + CHECKSUM_BYTES) {
    throw damaged(`${end + CHECKSUM_BYTES} bytes, got ${bytes.length}`)
  }
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
    throw damaged('the checksum at its end to match, got another')
  }
  return readPayload(bytes.subarray(HEADER_BYTES, end))
}

function bytesOf(from: unknown): Buffer {
  const bytes = isObject(from) && !(from instanceof Uint8Array) ? from['bytes'] : from
  if (!(bytes instanceof Uint8Array)) {
    throw new MillraceError(
      'INVALID_SNAPSHOT',
      `ActorSystem.start: expected a snapshot or its bytes as from, got ${typeof from}`,
    )
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function readPayload(payload: Buffer): StoredSystem {
  let stored: unknown
  try {
    stored = unpackValue(payload)
  } catch (cause) {
    throw damaged('a payload of the record codec', cause)
  }
  if (!isSystem(stored)) throw damaged('an actor system in its payload')
  return stored
}

/** The checksum says that the rest is what was written. */
function isSystem(stored: unknown): stored is StoredSystem {
  return (
    isObject(stored) &&
    typeof stored['slots'] === 'number' &&
    typeof stored['nextNumber'] === 'number' &&
    Array.isArray(stored['actors'])
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function damaged(expected: string, cause?: unknown): MillraceError {
  const message = `The snapshot is damaged: expected ${expected}`
  return new MillraceError('DAMAGED_SNAPSHOT', message, cause === undefined ? {} : { cause })
}
