/**
 * The check of a message at the moment it is sent: what cannot cross to another thread should fail in the code that sends it,
 * not later, when its batch is packed.
 */
import {
  examine,
  findUnsendable,
  UNSENDABLE,
  UnsendableValueError,
} from '../../mailbox/sendable.ts'

/**
 * Throws `UNSENDABLE_VALUE`, naming the path, when `message` cannot be packed. `where` is called for the text in front.
 * A flat object, which most messages are, costs one look at each field.
 */
export function checkSendable(message: unknown, where: () => string): void {
  if (isFlat(message) || (examine(message) & UNSENDABLE) === 0) return
  const { path, found } = findUnsendable(message) ?? { path: [], found: 'a value' }
  throw new UnsendableValueError(0, path, found, where())
}

/** Whether the message is a primitive or a plain object of primitives. */
function isFlat(message: unknown): boolean {
  if (typeof message !== 'object')
    return typeof message !== 'function' && typeof message !== 'symbol'
  if (message === null) return true
  if (Object.getPrototypeOf(message) !== Object.prototype) return false
  const fields = message as Record<string, unknown>
  for (const key in fields) {
    const field = fields[key]
    const type = typeof field
    if (type === 'object' ? field !== null : type === 'function' || type === 'symbol') return false
  }
  return true
}
