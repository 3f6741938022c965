/**
 * Events of a JSON Lines file: each is looked at before it counts as one, because a price that is missing is no error to JavaScript, only a wrong row.
 */
import { MillraceError } from '../../api/index.ts'
import type { NexmarkEvent } from './model.ts'

type FieldType = 'number' | 'string'

/** By `event_type`: the field that holds the event, and what is in it. */
const KINDS: readonly (readonly [name: string, fields: Readonly<Record<string, FieldType>>])[] = [
  [
    'person',
    {
      id: 'number',
      name: 'string',
      emailAddress: 'string',
      creditCard: 'string',
      city: 'string',
      state: 'string',
      dateTime: 'number',
      extra: 'string',
    },
  ],
  [
    'auction',
    {
      id: 'number',
      itemName: 'string',
      description: 'string',
      initialBid: 'number',
      reserve: 'number',
      dateTime: 'number',
      expires: 'number',
      seller: 'number',
      category: 'number',
      extra: 'string',
    },
  ],
  [
    'bid',
    {
      auction: 'number',
      bidder: 'number',
      price: 'number',
      channel: 'string',
      url: 'string',
      dateTime: 'number',
      extra: 'string',
    },
  ],
]
const FIELDS = KINDS.map(([name, fields]) => [name, Object.entries(fields)] as const)

/**
 * The event that a line of a file holds, as it is. Throws `BAD_ARGUMENT` for anything else, with what was expected; who reads the file adds
 * its name and the line.
 */
export function inputEvent(value: unknown): NexmarkEvent {
  const kind = isObject(value) ? FIELDS[value['event_type'] as number] : undefined
  if (!isObject(value) || kind === undefined) throw wrong('an event with "event_type" 0, 1 or 2')
  const [name, fields] = kind
  const event = value[name]
  if (!isObject(event))
    throw wrong(`an event of type ${String(value['event_type'])} with "${name}"`)
  for (const [field, type] of fields) {
    // JSON knows no NaN and no Infinity but as 1e999.
    const found = event[field]
    if (typeof found !== type || found === Number.POSITIVE_INFINITY)
      throw wrong(`a ${name} whose "${field}" is a ${type}`)
  }
  return value as unknown as NexmarkEvent
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function wrong(expected: string): MillraceError {
  return new MillraceError('BAD_ARGUMENT', `expected ${expected}`)
}
