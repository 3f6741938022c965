/** Replaces methods of the engine's classes for a while: deliberate faults live in tests, never in the engine. */

/** Puts things back. */
export type Undo = () => void

/** A method of `T` that says what its `this` is. */
type MethodOf<T, M> = M extends (...args: infer Args) => infer Result
  ? (this: T, ...args: Args) => Result
  : never

/** Replaces one method by what `make` makes of it. */
export function patch<T extends object, K extends keyof T>(
  target: T,
  name: K,
  make: (original: MethodOf<T, T[K]>) => MethodOf<T, T[K]>,
): Undo {
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own === undefined) throw new Error(`there is no ${String(name)} to be replaced`)
  Object.defineProperty(target, name, { ...own, value: make(own.value as MethodOf<T, T[K]>) })
  return () => {
    Object.defineProperty(target, name, own)
  }
}

/** Puts all back, the last first. */
export function undoAll(undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos.toReversed()) undo()
  }
}
