/**
 * Gives one instance of a hot operator its own machine code.
 *
 * V8 collects type feedback per function literal and context, so ten windows built from one class teach each other:
 * the call of the user's key function becomes megamorphic in all of them and is no longer inlined. A factory that
 * is evaluated anew starts with empty feedback; the code inside sees one key function, one aggregate and one
 * output, and runs like a hand-written loop (benchmarks/chain shows it).
 */

let serial = 0
/** How many callers want code to be shared at the moment. */
let sharing = 0

/**
 * From now on, until the returned function is called, equal sources share their code and its feedback: where chains are built by the thousand
 * and each runs only a moment, as in a simulation, compiling each of them anew is most of the work. Same results.
 */
export function shareCode(): () => void {
  let shares = true
  sharing++
  return () => {
    if (shares) sharing--
    shares = false
  }
}

/** What is being built on this thread, and the number of the next source in it. Undefined: something that is built once. */
let scope: { readonly name: string; next: number } | undefined
/** What was evaluated for scopes, by its source, oldest first. */
const evaluated = new Map<string, (...args: never[]) => unknown>()
const EVALUATED_MOST = 2_000

/**
 * What is built on this thread from now on belongs to `name`, until the next call. Whoever builds the same under the same name again, in
 * the same order, gets the same functions, with the feedback and the machine code that they have earned: a job that runs on its thread for
 * the second time is warm.
 */
export function buildInScope(name: string): void {
  scope = { name: JSON.stringify(name).replaceAll('*/', ''), next: 0 }
}

/**
 * A comment that no other generated source has, unless code is shared, or the same is built again (`buildInScope`). V8 caches what it evaluates by its text, feedback included, so equal
 * sources would share what they must not share.
 */
export function uniqueComment(): string {
  if (sharing > 0) return ''
  return scope === undefined ? `/* ${serial++} */` : `/* ${scope.name} ${scope.next++} */`
}

/**
 * The function with these parameters and this body, which begins with a `uniqueComment`. Throws an `EvalError` where the process forbids code generation from
 * strings.
 */
export function evaluate<F extends (...args: never[]) => unknown>(
  parameters: readonly string[],
  body: string,
): F {
  return remembered(`${parameters.join()} ${body}`, () => compile<F>(parameters, body))
}

/** What was made of this source in this scope before, if there is one. */
function remembered<F extends (...args: never[]) => unknown>(source: string, make: () => F): F {
  if (scope === undefined || sharing > 0) return make()
  const known = evaluated.get(source) as F | undefined
  if (known !== undefined) return known
  const made = make()
  evaluated.set(source, made)
  const [oldest] = evaluated.keys()
  if (evaluated.size > EVALUATED_MOST && oldest !== undefined) evaluated.delete(oldest)
  return made
}

function compile<F>(parameters: readonly string[], body: string): F {
  // oxlint-disable-next-line no-implied-eval, no-new-func -- written by ourselves; names of the user only as JSON strings
  return new Function(...parameters, body) as F
}

/**
 * Evaluates the source of `factory` again. `factory` must be closed: it may use its parameters and globals only, never
 * an import or a variable around it (a ReferenceError at its first call says so). Where the process forbids
 * code generation from strings, and while code is shared, returns `factory` itself: slower, same results.
 */
export function withOwnCode<F extends (...args: never[]) => unknown>(factory: F): F {
  if (sharing > 0) return factory
  try {
    const body = `${uniqueComment()} 'use strict'; return (${factory.toString()})`
    return remembered(body, () => compile<() => F>([], body)())
  } catch (error) {
    if (error instanceof EvalError) return factory
    throw error
  }
}
