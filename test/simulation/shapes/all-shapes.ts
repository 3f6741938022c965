/** All shapes of jobs. */
import { asyncIo } from './async-io.ts'
import { broadcast } from './broadcast.ts'
import { chain } from './chain.ts'
import { changingState } from './changing-state.ts'
import { coProcess } from './co-process.ts'
import { diamond } from './diamond.ts'
import { fileSinks } from './file-sink.ts'
import { intervalJoin } from './interval-join.ts'
import { keyedWindows } from './keyed-windows.ts'
import { lateRecords } from './late-records.ts'
import { rescale } from './rescale.ts'
import { sessionWindows } from './session-windows.ts'
import { severalSources } from './several-sources.ts'
import type { Shape } from './shape.ts'
import { sideOutputs } from './side-outputs.ts'
import { timers } from './timers.ts'
import { union } from './union.ts'
import { windowJoin } from './window-join.ts'

/** See the head of each of their files. */
export const SHAPES: readonly Shape[] = [
  chain,
  keyedWindows,
  union,
  diamond,
  broadcast,
  coProcess,
  intervalJoin,
  windowJoin,
  asyncIo,
  sideOutputs,
  sessionWindows,
  timers,
  lateRecords,
  severalSources,
  rescale,
  changingState,
  fileSinks,
]
