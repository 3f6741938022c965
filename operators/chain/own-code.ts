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

/**
 * A comment that no other generated source has, unless code is shared. V8 caches what it evaluates by its text, feedback included, so equal
 * sources would share what they must not share.
 */
export function uniqueComment(): string {
  return sharing > 0 ? '' : `/* ${serial++} */`
}

/**
 * Evaluates the source of `factory` again. `factory` must be closed: it may use its parameters and globals only, never
 * an import or a variable around it (a ReferenceError at its first call says so). Where the process forbids
 * code generation from strings, and while code is shared, returns `factory` itself: slower, same results.
 */
export function withOwnCode<F extends (...args: never[]) => unknown>(factory: F): F {
  if (sharing > 0) return factory
  try {
    // oxlint-disable-next-line no-implied-eval, no-new-func -- the source is our own function
    return new Function(`${uniqueComment()} 'use strict'; return (${factory.toString()})`)() as F
  } catch (error) {
    if (error instanceof EvalError) return factory
    throw error
  }
}
