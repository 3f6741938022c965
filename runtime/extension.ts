/**
 * Loads a `SlotExtension` into a slot, on the slot's own thread.
 */
import type { MessagePort } from 'node:worker_threads'
import { MillraceError } from '../mailbox/errors.ts'
import { openControlPort } from './control-port.ts'
import type { Async, ModuleExport, SlotExtension, SlotNode } from './slot-node.ts'

/** The export of a module that is a slot extension. Throws `NOT_AN_EXTENSION` when it is no function. */
export async function importExtension(
  extension: ModuleExport,
): Promise<SlotExtension<unknown, object, object>> {
  const module = (await import(extension.url)) as Record<string, unknown>
  const found = module[extension.name]
  if (typeof found !== 'function') {
    throw new MillraceError(
      'NOT_AN_EXTENSION',
      `Expected a function as export '${extension.name}' of ${extension.url}, got ${typeof found}`,
    )
  }
  return found as SlotExtension<unknown, object, object>
}

/** Loads an extension whose coordinator is behind a port. */
export async function loadExtension(
  node: SlotNode,
  extension: ModuleExport,
  argument: unknown,
  port: MessagePort,
): Promise<void> {
  const load = await importExtension(extension)
  const offered: Record<string, unknown> = {}
  const coordinator = openControlPort<object>(port, offered)
  const api = await load(node, argument, coordinator.remote)
  Object.assign(offered, api)
}

/** Makes every method of an object on the same thread answer with a promise. */
export function asyncView<Api extends object>(api: Api): Async<Api> {
  return new Proxy(api, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key)
      if (typeof method !== 'function') return undefined
      return async (...args: unknown[]): Promise<unknown> => Reflect.apply(method, target, args)
    },
  }) as unknown as Async<Api>
}
