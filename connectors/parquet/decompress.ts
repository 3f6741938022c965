/**
 * Decompressors for pages: those of Node where it has them, hyparquet-compressors for the rest.
 */
import * as zlib from 'node:zlib'
import { compressors as portable } from 'hyparquet-compressors'
import type { Compressors } from 'hyparquet'

type Decompress = (input: Uint8Array, outputBytes: number) => Uint8Array

/** `zstdDecompressSync` came with Node 22.15; Node 20 has none. */
function nativeZstd(): Decompress | undefined {
  const decompress: unknown = Reflect.get(zlib, 'zstdDecompressSync')
  if (typeof decompress !== 'function') return undefined
  return (input, outputBytes) =>
    decompress(input, { maxOutputLength: Math.max(1, outputBytes) }) as Uint8Array
}

const zstd = nativeZstd() ?? portable.ZSTD

/** What a page can be compressed with; `SNAPPY` and `UNCOMPRESSED` included, LZO not. */
export const compressors: Compressors = {
  ...portable,
  ...(zstd === undefined ? {} : { ZSTD: zstd }),
  GZIP: (input, outputBytes) =>
    zlib.gunzipSync(input, { maxOutputLength: Math.max(1, outputBytes) }),
  BROTLI: (input, outputBytes) =>
    zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, outputBytes) }),
}

/** Whether pages of this codec can be read. */
export function isReadableCodec(codec: string): boolean {
  return codec === 'UNCOMPRESSED' || codec in compressors
}
