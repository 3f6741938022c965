/**
 * The check of a message at the moment it is sent: what cannot cross to another thread should fail in the code that sends it,
 * not later, when its batch is packed.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { examine, findUnsendable, showPath, UNSENDABLE } from '../../mailbox/sendable.ts'

/** What is checked, as the path in the error begins: `message.callback`. */
export type Sent = 'message' | 'answer' | 'args'

/**
 * Throws `UNSENDABLE_VALUE`, naming the path, when `value` cannot be packed. `where` is called for the text in front.
 * A flat object, which most messages are, costs one look at each field.
 */
export function checkSendable(value: unknown, sent: Sent, where: () => string): void {
  if (isFlat(value) || (examine(value) & UNSENDABLE) === 0) return
  const { path, found } = findUnsendable(value, sent) ?? { path: [], found: 'a value' }
  throw new MillraceError(
    'UNSENDABLE_VALUE',
    `${where()}: expected plain data, got ${found} at ${showPath(path, sent)}`,
  )
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
