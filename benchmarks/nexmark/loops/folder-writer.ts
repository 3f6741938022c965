/**
 * Writes rows into a file per folder, as query 10 asks for, by hand: texts are gathered and written when they are long enough.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '../queries/query.ts'

const WRITE_CHARACTERS = 1 << 18

interface OpenFile {
  readonly descriptor: number
  text: string
}

/** JSON Lines in folders. */
export class FolderWriter {
  readonly #root: string
  readonly #files = new Map<string, OpenFile>()

  constructor(root: string) {
    this.#root = root
  }

  /** Adds a row to the file of a folder. */
  write(folder: string, row: Row): void {
    let file = this.#files.get(folder)
    if (file === undefined) {
      const path = join(this.#root, folder)
      mkdirSync(path, { recursive: true })
      file = { descriptor: openSync(join(path, 'rows.jsonl'), 'w'), text: '' }
      this.#files.set(folder, file)
    }
    file.text += `${JSON.stringify(row)}\n`
    if (file.text.length < WRITE_CHARACTERS) return
    writeSync(file.descriptor, file.text)
    file.text = ''
  }

  /** Writes the rest. */
  close(): void {
    for (const { descriptor, text } of this.#files.values()) {
      writeSync(descriptor, text)
      closeSync(descriptor)
    }
  }
}
