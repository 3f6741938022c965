/**
 * What a run prints of its collected streams. A file of its own, because few jobs have any and tables take a while to load.
 */
import { grouped } from './cell-text.ts'
import type { CollectedRows } from './report.ts'
import { tableText } from './table.ts'
import type { TableOptions } from './table.ts'
import { oneLine } from './terminal.ts'

/** A collected stream as a table under its name. */
export function collectedText({ name, rows, count }: CollectedRows, options: TableOptions): string {
  const { styles } = options
  const title = styles.bold(oneLine(name))
  if (count === 0) return `${title}\n${styles.dim('(no records)')}`
  const rest = count - rows.length
  const more = rest > 0 ? `\n${styles.dim(`… and ${grouped(rest)} more`)}` : ''
  return `${title}\n${tableText(rows, options)}${more}`
}
