/**
 * A value as text in which equal values are equal, whatever the order of their fields: to compare what two runs have put out.
 */

/** The text of plain data; of a class instance its fields. */
export function canonicalText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : objectText(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'symbol':
    case 'function':
      return typeof value
  }
}

function objectText(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(', ')}]`
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof Map) {
    const entries = [...value].map(
      ([key, held]) => `${canonicalText(key)} → ${canonicalText(held)}`,
    )
    return `Map{${entries.sort().join(', ')}}`
  }
  if (value instanceof Set) return `Set{${[...value].map(canonicalText).sort().join(', ')}}`
  if (ArrayBuffer.isView(value)) return bytesText(value)
  const fields = Object.entries(value).filter(([, held]) => held !== undefined)
  const texts = fields.map(([name, held]) => `${name}: ${canonicalText(held)}`)
  return `{ ${texts.sort().join(', ')} }`
}

function bytesText({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return `bytes ${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}`
}
