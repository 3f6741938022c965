/**
 * The open windows of an operator in its snapshots: how each is written down, and made again. Besides the windows, how far event time had
 * come, as far as timers wait for it. Called by the state backend, on the slot's thread; never per record.
 */
import type { StateBackend } from '../../checkpoint/state/state-backend.ts'
import type { WindowSpacing } from './window-assigner.ts'
import { namespaceOf, WindowEntry } from './window-entry.ts'
import type { WindowStore } from './window-entry.ts'
import { WindowsCut } from './windows-cut.ts'

/** What windows are made of in a snapshot. */
type Payload = readonly [
  start: number,
  end: number,
  filled: boolean,
  contents: unknown,
  triggerState: unknown,
  fired: number,
]

/** What the parts are made of. */
export interface WindowsPartOptions {
  /** What the contents of windows are. */
  readonly kind: string
  readonly store: WindowStore
  readonly spacing: WindowSpacing | undefined
  /** What the trigger remembers of a new window. */
  readonly createTriggerState: () => unknown
  /** A snapshot is packed from now on: the operator must tell it what it touches. Undefined: no more. */
  readonly onCut: (cut: WindowsCut<WindowEntry> | undefined) => void
  /** The watermark; undefined where no timer waits for it. */
  readonly watermark: () => number | undefined
  /** The watermark behind which restored timers wait. */
  readonly onWatermark: (watermark: number) => void
}

/** Adds the parts to what is in snapshots of the operator, and has restored at once what there is of them. */
export function registerWindows(state: StateBackend, options: WindowsPartOptions): void {
  const { kind, store, onCut, watermark, onWatermark } = options
  let cuts = 0
  state.registerKeyed({
    name: 'millrace.windows',
    kind,
    version: 1,
    snapshot: (write) => {
      for (const [key, entry] of store.entries()) write(key, payloadOf(entry))
    },
    cut: (keep) => {
      const onEnd = (): void => {
        onCut(undefined)
      }
      const cut = new WindowsCut({ epoch: ++cuts, store, payload: payloadOf, keep, onEnd })
      onCut(cut)
      return cut
    },
    restore: (key, payload) => {
      store.add(key, entryOf(payload as Payload, options))
    },
  })
  state.registerOperator({
    name: 'millrace.windows.watermark',
    kind: 'watermark',
    version: 1,
    redistribution: 'union',
    snapshot: () => {
      const reached = watermark()
      return reached === undefined ? [] : [reached]
    },
    restore: (watermarks) => {
      if (watermarks.length > 0) onWatermark(Math.min(...(watermarks as readonly number[])))
    },
  })
}

function payloadOf({ window, filled, contents, triggerState, fired }: WindowEntry): Payload {
  const { start, end } = window
  return [start, end, filled, filled ? contents : null, triggerState ?? null, fired]
}

function entryOf(
  [start, end, filled, contents, triggerState, fired]: Payload,
  { spacing, createTriggerState }: WindowsPartOptions,
): WindowEntry {
  const namespace = namespaceOf(start, end, spacing)
  const entry = new WindowEntry({ start, end }, namespace, triggerState ?? createTriggerState())
  entry.filled = filled
  entry.contents = contents
  entry.fired = fired
  return entry
}
