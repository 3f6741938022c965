/** What a deliberate fault is: a mistake that the engine could have, and a shape that must find it. */
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
  /** What goes wrong besides, so that the mistake shows. */
  readonly kinds: readonly FaultKind[]
  /** Makes the engine do it. */
  readonly install: () => Undo
}
