/**
 * Decompressors for pages: those of Node where it has them, packages for the rest. One set per thread.
 *
 * For zstd on Node 20, which has none of its own: hyparquet-compressors brings fzstd, and that alone was half of
 * the time of a cold run over the flights; zstddec (the original compiled to WebAssembly) is three times faster, but costs some
 * 50 ms to load, so it is loaded by the first file that needs it.
 */
import * as zlib from 'node:zlib'

import type { Compressors } from 'hyparquet'
import { compressors as portable } from 'hyparquet-compressors'

type Decompress = (input: Uint8Array, outputBytes: number) => Uint8Array

/** Larger pages stay with fzstd: zstddec does not notice when its memory cannot grow. */
const MAX_WASM_BYTES = 256 * 1024 * 1024

const nativeZstd = findNativeZstd()

/** What a page can be compressed with, LZO excepted. Await `prepareCodec` for the codec of a file first: it may add a faster one. */
export const compressors: Compressors = {
  ...portable,
  ...(nativeZstd === undefined ? {} : { ZSTD: nativeZstd }),
  GZIP: (input, outputBytes) => zlib.gunzipSync(input, limitedTo(outputBytes)),
  BROTLI: (input, outputBytes) => zlib.brotliDecompressSync(input, limitedTo(outputBytes)),
}

let loadingZstd: Promise<void> | undefined

/** Loads what a codec needs, once per thread. Never fails: there is always a slower way. */
export async function prepareCodec(codec: string): Promise<void> {
  if (codec !== 'ZSTD' || nativeZstd !== undefined) return
  loadingZstd ??= loadZstd().catch(() => undefined)
  await loadingZstd
}

/** Whether pages of this codec can be read. */
export function isReadableCodec(codec: string): boolean {
  return codec === 'UNCOMPRESSED' || codec in compressors
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

async function loadZstd(): Promise<void> {
  const { ZSTDDecoder } = await import('zstddec')
  const decoder = new ZSTDDecoder()
  await decoder.init()
  const slow = portable.ZSTD
  compressors.ZSTD = (input, outputBytes) => {
    // 0 would mean "unknown" to zstddec
    if (outputBytes === 0) return new Uint8Array(0)
    const small = input.length <= MAX_WASM_BYTES && outputBytes <= MAX_WASM_BYTES
    return small || slow === undefined
      ? decoder.decode(input, outputBytes)
      : slow(input, outputBytes)
  }
}
