import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { MillraceError } from '../../mailbox/errors.ts'
import { asError, fromWireError, RemoteError, toWireError } from '../../runtime/wire-error.ts'

class OwnError extends Error {
  override readonly name = 'OwnError'
  readonly code = 'OWN'
  readonly line = 7
  readonly detail = { not: 'plain' }
}

/** Through what a thread boundary does to plain data. */
function cross(thrown: unknown): RemoteError {
  return fromWireError(structuredClone(toWireError(thrown)))
}

test('an error keeps name, code, message, stack, cause and plain fields', () => {
  const cause = new OwnError('the cause')
  const original = new OwnError('the error', { cause })
  const error = cross(original)
  assert.instance(error, Error)
  assert.instance(error, RemoteError)
  assert.is(error.name, 'OwnError')
  assert.is(error.code, 'OWN')
  assert.is(error.message, 'the error')
  assert.is(error.stack, original.stack)
  assert.is((error as unknown as { line: number }).line, 7)
  assert.is((error as unknown as { detail?: unknown }).detail, undefined)
  assert.is((error.cause as RemoteError).message, 'the cause')
  assert.is((error.cause as RemoteError).code, 'OWN')
})

test('a second crossing changes nothing more', () => {
  const once = cross(new MillraceError('CODE', 'text', { retryable: true, cause: 'a string' }))
  const twice = cross(once)
  assert.equal(toWireError(twice), toWireError(once))
  assert.ok(twice.retryable)
})

test('what is no error becomes one', () => {
  assert.is(cross('text').message, 'text')
  assert.is(cross(undefined).message, 'undefined')
  assert.is(cross({ code: 'A' }).code, 'ERROR')
  assert.is(asError('text').message, 'text')
  const error = new Error('same')
  assert.is(asError(error), error)
})

test('a cause that leads back to its error ends somewhere', () => {
  const error = new Error('loop')
  error.cause = error
  let depth = 0
  for (let at: unknown = cross(error); at instanceof Error; at = at.cause) depth++
  assert.ok(depth > 1 && depth < 100)
})

test('an error whose fields throw when they are read becomes one without them', () => {
  const error = Object.defineProperty(new Error('trapped'), 'detail', {
    enumerable: true,
    get: () => {
      throw new Error('a getter that throws')
    },
  })
  assert.equal(toWireError(error), { name: 'Error', message: 'Error: trapped' })
})

test.run()
