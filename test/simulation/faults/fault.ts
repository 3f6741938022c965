/** What a deliberate fault is: a mistake that the engine could have, and a shape that must find it. */
import type { CheckpointOptions } from '../../../api/index.ts'
import type { FaultKind } from '../../../api/testing/index.ts'
import type { Mode } from '../modes.ts'
import type { Shape } from '../shapes/shape.ts'
import type { Undo } from './patch.ts'

/** See the head of this file. */
export interface Fault {
  /** What the engine does wrong. */
  readonly name: string
  readonly shape: Shape
  /** Default: `aligned`. */
  readonly mode?: Mode
  /** Default: as the seed says. */
  readonly checkpoints?: CheckpointOptions
  /** What goes wrong besides, so that the mistake shows. */
  readonly kinds: readonly FaultKind[]
  /** Makes the engine do it. */
  readonly install: () => Undo
}
