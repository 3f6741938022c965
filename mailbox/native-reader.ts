/**
 * msgpackr's native reader of strings, which is loaded when it is needed: finding its binary takes longer than loading all the rest of
 * msgpackr, and many threads never read a long payload.
 *
 * The parts of msgpackr that everybody here imports (`msgpackr/pack`) do without it; the whole package gives it to them. Per thread.
 */

/** Shorter payloads are read without it anyway. */
const PAYS_FROM_BYTES = 180

let loading: Promise<void> | undefined

/**
 * Loads it, unless that has begun. Resolves when payloads are read with it, or when it cannot be had: then they are read as they are
 * without it, with the same results, some three times slower where most of it is strings.
 */
export function loadNativeReader(): Promise<void> {
  loading ??= import('msgpackr').then(nothing, nothing)
  return loading
}

/** Has it loaded if this payload is one of those that it reads faster. Costs two comparisons once that is done. */
export function noteLongPayload(bytes: number): void {
  if (loading === undefined && bytes >= PAYS_FROM_BYTES) void loadNativeReader()
}

function nothing(): void {}
