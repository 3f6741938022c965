/**
 * The control plane: typed calls over a MessagePort, by comlink. For what is rare; it never carries records.
 *
 * Both ends of one port offer an object and call the other's. Errors keep name, code, message, stack and cause.
 */
import type { MessagePort } from 'node:worker_threads'
// comlink's main file is a script, which takes twice as long to load.
import * as Comlink from 'comlink/dist/esm/comlink.mjs'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Async } from './slot-node.ts'
import { fromWireError, toWireError } from './wire-error.ts'
import type { WireError } from './wire-error.ts'

interface Thrown {
  readonly value: unknown
}

// comlink's own handler for thrown values keeps only name, message and stack.
const thrownHandler = Comlink.transferHandlers.get('throw') as Comlink.TransferHandler<
  Thrown,
  WireError
>
Comlink.transferHandlers.set('throw', {
  canHandle: (value): value is Thrown => thrownHandler.canHandle(value),
  serialize: ({ value }) => [toWireError(value), []],
  deserialize: (wire: WireError) => {
    throw fromWireError(wire)
  },
} satisfies Comlink.TransferHandler<Thrown, WireError>)

/** The calling side of a control port. */
export interface ControlCaller<Remote extends object> {
  /** Calls a method of the other side. Rejects with the other side's error, or with the one given to `fail`. */
  readonly remote: Async<Remote>
  /** The same, for a call that hands over ports. */
  call(method: keyof Remote & string, args: unknown[], transfer: MessagePort[]): Promise<unknown>
  /** Rejects all calls that wait for an answer, and every later one: the other side is gone. */
  fail(error: Error): void
  /** Closes the port on both sides, so that neither keeps alive what the other offers; then as `fail`. */
  close(error: Error): void
}

/** Offers `local` on the port and returns a caller for the object that the other side offers. */
export function openControlPort<Remote extends object>(
  port: MessagePort,
  local: object,
): ControlCaller<Remote> {
  const endpoint = nodeEndpoint(port)
  Comlink.expose(local, endpoint)
  // comlink's registry of proxies holds the port, whose listeners hold what is offered, which may hold the proxy: nothing of it would ever go.
  port.once('close', () => {
    port.removeAllListeners()
  })
  return callerOf<Remote>(Comlink.wrap(endpoint), port)
}

/**
 * An argument of a call whose bytes are handed over instead of copied: nobody on this side may use them any more. Only for buffers that
 * nothing else lies in. The value itself comes back; it can be given to one call.
 */
export function handedOver<T extends object>(value: T, buffers: readonly ArrayBuffer[]): T {
  return Comlink.transfer(value, [...buffers])
}

function callerOf<Remote extends object>(
  target: unknown,
  port: MessagePort,
): ControlCaller<Remote> {
  const methods = target as Record<string, (...args: unknown[]) => Promise<unknown>>
  const waiting = new Set<(error: Error) => void>()
  let gone: Error | undefined

  function call(method: string, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (gone !== undefined) {
        reject(gone)
        return
      }
      waiting.add(reject)
      const remoteMethod = methods[method]
      if (remoteMethod === undefined) return
      remoteMethod(...args)
        .finally(() => waiting.delete(reject))
        .then(resolve, reject)
    })
  }

  function fail(error: Error): void {
    gone = error
    for (const reject of waiting) reject(error)
    waiting.clear()
  }

  const remote = new Proxy(
    {},
    {
      // `then` must not look like a method, or a promise that resolves to this object would call it.
      get: (_, method) =>
        method === 'then' || typeof method === 'symbol'
          ? undefined
          : (...args: unknown[]) => call(method, args),
    },
  )
  return {
    remote: remote as Async<Remote>,
    call: (method, args, transfer) =>
      call(
        method,
        args.map((argument) => withTransfer(argument, transfer)),
      ),
    fail,
    close(error) {
      fail(error)
      port.close()
    },
  }
}

function withTransfer(argument: unknown, transfer: MessagePort[]): unknown {
  const isPort = transfer.some((port) => port === argument)
  return isPort ? Comlink.transfer(argument, [argument as MessagePort]) : argument
}
