/**
 * Events of a JSON Lines file: each is looked at before it counts as one, because a price that is missing is no error to JavaScript, only a wrong row.
 */
import { MillraceError } from '../../api/index.ts'
import type { NexmarkEvent } from './model.ts'

/** What a field may be: a text, a whole number of at least 0, or a time in ms since 1970 (before it, too). */
type FieldType = 'text' | 'whole' | 'time'

/** What `Date` knows. */
const FARTHEST_TIME = 8.64e15

/** Whether a value is of the type. Numbers that are not exact would be no error further on, only wrong rows. */
const IS: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  whole: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  time: (value) => Number.isSafeInteger(value) && Math.abs(value as number) <= FARTHEST_TIME,
}

const EXPECTED: Readonly<Record<FieldType, string>> = {
  text: 'a text',
  whole: 'a whole number from 0 to 2^53 - 1',
  time: 'a time, in whole milliseconds since 1970',
}

/** By `event_type`: the field that holds the event, and what is in it. */
const KINDS: readonly (readonly [name: string, fields: Readonly<Record<string, FieldType>>])[] = [
  [
    'person',
    {
      id: 'whole',
      name: 'text',
      emailAddress: 'text',
      creditCard: 'text',
      city: 'text',
      state: 'text',
      dateTime: 'time',
      extra: 'text',
    },
  ],
  [
    'auction',
    {
      id: 'whole',
      itemName: 'text',
      description: 'text',
      initialBid: 'whole',
      reserve: 'whole',
      dateTime: 'time',
      expires: 'time',
      seller: 'whole',
      category: 'whole',
      extra: 'text',
    },
  ],
  [
    'bid',
    {
      auction: 'whole',
      bidder: 'whole',
      price: 'whole',
      channel: 'text',
      url: 'text',
      dateTime: 'time',
      extra: 'text',
    },
  ],
]
const FIELDS = KINDS.map(([name, fields]) => [name, Object.entries(fields)] as const)

/**
 * The event that a line of a file holds, as it is. Throws `BAD_ARGUMENT` for anything else, with what was expected; who reads the file adds
 * its name and the line.
 */
export function inputEvent(value: unknown): NexmarkEvent {
  const type = isObject(value) ? value['event_type'] : undefined
  // A text that reads like a number is none: no query would find the event.
  const kind = typeof type === 'number' ? FIELDS[type] : undefined
  if (!isObject(value) || kind === undefined) throw wrong('an event with "event_type" 0, 1 or 2')
  const [name, fields] = kind
  const event = value[name]
  if (!isObject(event)) throw wrong(`an event of type ${String(type)} with "${name}"`)
  for (const [field, expected] of fields) {
    if (!IS[expected](event[field]))
      throw wrong(`a ${name} whose "${field}" is ${EXPECTED[expected]}`)
  }
  return value as unknown as NexmarkEvent
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function wrong(expected: string): MillraceError {
  return new MillraceError('BAD_ARGUMENT', `expected ${expected}`)
}
