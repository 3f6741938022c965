/**
 * A collected stream as a table that fits the terminal: a column per field, a row per record.
 */
import Table from 'cli-table3'
import { columnText, textWidth } from './cell-text.ts'
import { oneLine } from './terminal.ts'
import type { Styles } from './terminal.ts'

/** What a table shows and where. */
export interface TableOptions {
  /** Columns of the terminal. */
  readonly columns: number
  readonly styles: Styles
}

const GAP = '  '
/** A column of text is not cut to less than this. */
const NARROWEST = 8
/** Head of the only column where records are no objects. */
const PLAIN_HEAD = 'value'

/** A line below the heads and space between the columns. */
const CHARS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '─',
  'mid-mid': '──',
  right: '',
  'right-mid': '',
  middle: GAP,
}

interface Column {
  readonly head: string
  readonly cells: readonly string[]
  readonly align: 'left' | 'right'
  /** Of the widest cell. */
  readonly cellWidth: number
  width: number
}

/** The rows as lines of text, without a line break at the end. Fields that do not fit at all are named below. */
export function tableText(rows: readonly unknown[], { columns, styles }: TableOptions): string {
  const all = columnsFrom(rows)
  const shown = fit(all, columns)
  const table = new Table({
    colAligns: shown.map(({ align }) => align),
    chars: CHARS,
    head: shown.map((column) => headText(column, styles)),
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  })
  for (let row = 0; row < rows.length; row++) {
    table.push(shown.map(({ cells, width }) => cut(cells[row] ?? '', width)))
  }
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  const missing = all.slice(shown.length).map(({ head }) => head)
  if (missing.length > 0) {
    lines.push(styles.dim(cut(`not shown: ${missing.join(', ')}`, columns)))
  }
  return lines.join('\n')
}

/** One column per field, in the order in which the records bring them up. */
function columnsFrom(rows: readonly unknown[]): Column[] {
  if (!rows.every(isPlainRecord)) return [column(PLAIN_HEAD, rows)]
  const fields = new Set<string>()
  for (const row of rows) for (const field of Object.keys(row)) fields.add(field)
  if (fields.size === 0) return [column(PLAIN_HEAD, rows)]
  return [...fields].map((field) =>
    column(
      field,
      rows.map((row) => row[field]),
    ),
  )
}

function column(field: string, values: readonly unknown[]): Column {
  const { cells, align } = columnText(values)
  const head = oneLine(field)
  const cellWidth = cells.reduce((max, cell) => Math.max(max, textWidth(cell)), 1)
  return { head, cells, align, cellWidth, width: Math.max(cellWidth, textWidth(head)) }
}

function isPlainRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Date) return false
  return !Array.isArray(value) && !(value instanceof Map) && !(value instanceof Set)
}

/** Makes the columns fit: heads of several words are broken, then the widest texts cut, then the last columns left out. */
function fit(all: readonly Column[], columns: number): readonly Column[] {
  if (totalWidth(all) > columns) {
    for (const each of all)
      each.width = Math.max(each.cellWidth, ...words(each.head).map(textWidth))
  }
  cutWidest(all, columns)
  let shown = all
  while (shown.length > 1 && totalWidth(shown) > columns) shown = shown.slice(0, -1)
  const [only] = shown
  if (shown.length === 1 && only !== undefined) only.width = Math.min(only.width, columns)
  return shown
}

function cutWidest(all: readonly Column[], columns: number): void {
  for (;;) {
    const tooMuch = totalWidth(all) - columns
    if (tooMuch <= 0) return
    const texts = all.filter(({ align, width }) => align === 'left' && width > NARROWEST)
    if (texts.length === 0) return
    const widest = texts.reduce((a, b) => (b.width > a.width ? b : a))
    widest.width--
  }
}

function totalWidth(all: readonly Column[]): number {
  return all.reduce((sum, { width }) => sum + width, 0) + GAP.length * (all.length - 1)
}

/** The head on one line, or broken between its words where the column is too narrow for it. */
function headText({ head, width }: Column, styles: Styles): string {
  if (textWidth(head) <= width) return styles.bold(head)
  return words(head)
    .map((word) => styles.bold(cut(word, width)))
    .join('\n')
}

/** `windowStart` → `window`, `Start`. */
function words(head: string): readonly string[] {
  return head.split(/(?<=[\p{Ll}\d])(?=\p{Lu})|[\s_]+/u)
}

function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  let left = width - 1
  for (const character of text) {
    left -= textWidth(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}…`
}
