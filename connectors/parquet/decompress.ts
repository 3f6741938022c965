/**
 * Decompressors for pages: those of Node where it has them, packages for the rest. One set per thread.
 *
 * The packages are loaded by the first file that needs them: a dozen modules per thread cost every job its start.
 * For zstd on Node 20, which has none of its own: hyparquet-compressors brings fzstd, and that alone was half of
 * the time of a cold run over the flights; zstddec (the original compiled to WebAssembly) is three times faster.
 */
import * as zlib from 'node:zlib'

import type { Compressors } from 'hyparquet'

type Decompress = (input: Uint8Array, outputBytes: number) => Uint8Array

/** Larger pages stay with fzstd: zstddec does not notice when its memory cannot grow. */
const MAX_WASM_BYTES = 256 * 1024 * 1024

const nativeZstd = findNativeZstd()
/** For pages that are too large for zstddec. */
let slowZstd: Compressors['ZSTD']

/** What pages can be compressed with, LZO excepted. */
const READABLE: ReadonlySet<string> = new Set([
  'UNCOMPRESSED',
  'SNAPPY',
  'GZIP',
  'BROTLI',
  'ZSTD',
  'LZ4',
  'LZ4_RAW',
])

/** The decompressors loaded so far. Await `prepareCodec` for the codec of a file first. */
export const compressors: Compressors = {
  ...(nativeZstd === undefined ? {} : { ZSTD: nativeZstd }),
  GZIP: (input, outputBytes) => zlib.gunzipSync(input, limitedTo(outputBytes)),
  BROTLI: (input, outputBytes) => zlib.brotliDecompressSync(input, limitedTo(outputBytes)),
}

let loadingZstd: Promise<void> | undefined
let loadingPortable: Promise<void> | undefined

/** Loads what chunks of a codec need that hold at most `outputBytes`, once per thread. */
export async function prepareCodec(codec: string, outputBytes: number): Promise<void> {
  if (codec === 'ZSTD' && nativeZstd === undefined) {
    loadingZstd ??= loadZstd().catch(() => undefined)
    await loadingZstd
  }
  const native = codec in compressors && !(codec === 'ZSTD' && outputBytes > MAX_WASM_BYTES)
  if (native || !READABLE.has(codec) || codec === 'UNCOMPRESSED') return
  loadingPortable ??= loadPortable()
  await loadingPortable
}

/** Whether pages of this codec can be read. */
export function isReadableCodec(codec: string): boolean {
  return READABLE.has(codec)
}

function limitedTo(outputBytes: number): { readonly maxOutputLength: number } {
  return { maxOutputLength: Math.max(1, outputBytes) }
}

/** `zstdDecompressSync` came with Node 22.15. */
function findNativeZstd(): Decompress | undefined {
  const decompress: unknown = Reflect.get(zlib, 'zstdDecompressSync')
  if (typeof decompress !== 'function') return undefined
  return (input, outputBytes) => decompress(input, limitedTo(outputBytes)) as Uint8Array
}

/** What is loaded already stays: it is faster. */
async function loadPortable(): Promise<void> {
  const { compressors: portable } = await import('hyparquet-compressors')
  slowZstd = portable.ZSTD
  const { LZ4, LZ4_RAW } = portable
  Object.assign(compressors, {
    ...portable,
    LZ4: LZ4 && unlessEmpty(LZ4),
    LZ4_RAW: LZ4_RAW && unlessEmpty(LZ4_RAW),
    ...compressors,
  })
}

/** Nothing, as in the dictionary of a column without values, is one byte in LZ4, in which the library looks for more. */
function unlessEmpty(decompress: Decompress): Decompress {
  return (input, outputBytes) =>
    outputBytes === 0 ? new Uint8Array(0) : decompress(input, outputBytes)
}

async function loadZstd(): Promise<void> {
  const { ZSTDDecoder } = await import('zstddec')
  const decoder = new ZSTDDecoder()
  await decoder.init()
  compressors.ZSTD = (input, outputBytes) => {
    // 0 would mean "unknown" to zstddec
    if (outputBytes === 0) return new Uint8Array(0)
    const small = input.length <= MAX_WASM_BYTES && outputBytes <= MAX_WASM_BYTES
    return small || slowZstd === undefined
      ? decoder.decode(input, outputBytes)
      : slowZstd(input, outputBytes)
  }
}
