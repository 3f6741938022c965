/**
 * `millrace checkpoint ls | show | verify`: looks into a directory of checkpoints. Needs no running system, and changes nothing.
 */
import { basename, dirname, resolve } from 'node:path'
import { directoryCatalog } from '../checkpoint/store/directory-store.ts'
import { parseFolderName } from '../checkpoint/store/layout.ts'
import type {
  CheckpointCatalog,
  CheckpointListing,
  CheckpointMetadata,
} from '../checkpoint/store/snapshot-store.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { contentsOf } from './checkpoint-contents.ts'
import { listText, showText, verifyText } from './checkpoint-report.ts'
import type { Verdict } from './checkpoint-report.ts'
import { print } from './output.ts'
import { columnsOf, stylesFor } from './terminal.ts'
import type { TableOptions } from './table.ts'

/** Options of all commands about checkpoints. */
export interface CheckpointCommandOptions {
  /** One line of JSON instead of text. */
  readonly json?: boolean
}

/** Which checkpoints are meant: all of a directory, or one of them. */
interface Target {
  readonly catalog: CheckpointCatalog
  readonly id: number | undefined
}

/** Prints what there is. Rejects with `DAMAGED_CHECKPOINT` afterwards where metadata is damaged, `UNSUPPORTED_FORMAT` where it is of a later version. */
export async function listCheckpoints(
  directory: string,
  options: CheckpointCommandOptions,
): Promise<void> {
  const { catalog, id } = targetOf(directory)
  const listings = await listingsOf(catalog, id)
  await answer(options, { directory: catalog.location, checkpoints: listings }, (how) =>
    listText(listings, how),
  )
  refuseBad(catalog, listings)
}

/** Prints what a checkpoint consists of: the one named, or else the newest. Reads all of it. Rejects with what reading it raises. */
export async function showCheckpoint(
  directory: string,
  idText: string | undefined,
  options: CheckpointCommandOptions,
): Promise<void> {
  const { catalog, id } = targetOf(directory, idText)
  const metadata = id === undefined ? await newest(catalog) : await catalog.metadata(id)
  const contents = await contentsOf(catalog, metadata)
  await answer(options, { directory: catalog.location, ...metadata, contents }, (how) =>
    showText(metadata, contents, how),
  )
}

/**
 * Reads every byte of a checkpoint, or of all, and prints what is wrong. Rejects with `DAMAGED_CHECKPOINT` or `UNSUPPORTED_FORMAT` afterwards where anything is, and
 * with `NO_CHECKPOINT` where none is whole.
 */
export async function verifyCheckpoints(
  directory: string,
  idText: string | undefined,
  options: CheckpointCommandOptions,
): Promise<void> {
  const { catalog, id } = targetOf(directory, idText)
  const listings = await listingsOf(catalog, id)
  const verdicts: Verdict[] = []
  for (const listing of listings) verdicts.push(await verdictOn(catalog, listing))
  await answer(options, { directory: catalog.location, checkpoints: verdicts }, (how) =>
    verifyText(verdicts, how),
  )
  refuseBad(catalog, verdicts)
  if (verdicts.some(({ state }) => state === 'whole')) return
  // Whoever looks after backups must not take it for one.
  throw new MillraceError(
    'NO_CHECKPOINT',
    `${catalog.location}: expected a checkpoint that is whole, found none`,
  )
}

/** All of a directory, or the one that is meant. Says what is the matter with an id that is not there. */
async function listingsOf(
  catalog: CheckpointCatalog,
  id: number | undefined,
): Promise<CheckpointListing[]> {
  const listings = (await catalog.list()).filter((listing) => id === undefined || listing.id === id)
  if (id !== undefined && listings.length === 0) await catalog.metadata(id)
  return listings
}

async function verdictOn(catalog: CheckpointCatalog, listing: CheckpointListing): Promise<Verdict> {
  const { id, kind, state } = listing
  switch (state) {
    case 'incomplete':
      return { id, kind, state }
    case 'unsupported':
      return { id, kind, state, reason: listing.reason }
    case 'damaged':
      return { id, kind, state, damages: [listing.damage] }
    case 'complete': {
      const damages = await catalog.verify(id)
      if (damages.length > 0) return { id, kind, state: 'damaged', damages }
      const { parts } = listing.metadata
      const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
      return { id, kind, state: 'whole', parts: parts.length, bytes }
    }
  }
}

function refuseBad(
  { location }: CheckpointCatalog,
  checkpoints: readonly { readonly id: number; readonly state: string }[],
): void {
  const idsOf = (state: string): string => {
    const found = checkpoints.filter((checkpoint) => checkpoint.state === state)
    return found.map(({ id }) => id).join(', ')
  }
  const damaged = idsOf('damaged')
  if (damaged !== '') {
    throw new MillraceError('DAMAGED_CHECKPOINT', `${location}: damaged: ${damaged}`)
  }
  const unsupported = idsOf('unsupported')
  if (unsupported === '') return
  throw new MillraceError(
    'UNSUPPORTED_FORMAT',
    `${location}: written by a later version of Millrace: ${unsupported}`,
  )
}

async function newest(catalog: CheckpointCatalog): Promise<CheckpointMetadata> {
  const listing = (await catalog.list()).findLast(({ state }) => state !== 'incomplete')
  if (listing !== undefined) return catalog.metadata(listing.id)
  throw new MillraceError(
    'UNKNOWN_CHECKPOINT',
    `${catalog.location}: there is no complete checkpoint`,
  )
}

/** `DIR` and an id, or the folder of one checkpoint, as a savepoint is usually called. */
function targetOf(directory: string, idText?: string): Target {
  const folder = parseFolderName(basename(resolve(directory)))
  if (idText !== undefined) {
    const id = /^\d{1,15}$/.test(idText) ? Number(idText) : 0
    if (id < 1) {
      throw new MillraceError('USAGE', `expected the id of a checkpoint, got '${idText}'`)
    }
    return { catalog: directoryCatalog(directory), id }
  }
  if (folder === undefined) return { catalog: directoryCatalog(directory), id: undefined }
  return { catalog: directoryCatalog(dirname(resolve(directory))), id: folder.id }
}

async function answer(
  { json = false }: CheckpointCommandOptions,
  facts: object,
  text: (how: TableOptions) => string,
): Promise<void> {
  const how = {
    columns: columnsOf(process.stdout),
    styles: stylesFor(process.stdout, process.env),
  }
  await print(`${json ? JSON.stringify(facts, plainValue) : text(how)}\n`)
}

function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Map || value instanceof Set) return [...value]
  return value
}
