import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { unless } from '../../runner/skip.ts'

const MAIN = fileURLToPath(new URL('./fixtures/full-disk.js', import.meta.url))

/** Runs a program on a disk of so many bytes, which only that program sees. */
function onSmallDisk(
  kilobytes: number,
  program: readonly string[],
): { code: number | null; stdout: string; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
  const script =
    'mount -t tmpfs -o "size=$1k" none "$2" && shift && disk=$1 && shift && exec "$@" "$disk"'
  try {
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['-rm', 'sh', '-c', script, 'sh', String(kilobytes), folder, ...program],
      { encoding: 'utf8' },
    )
    return { code: status, stdout: stdout ?? '', stderr: stderr ?? '' }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const lacks =
  onSmallDisk(100, ['true', '--']).code === 0 ? undefined : 'the right to mount a small disk'

unless(test, lacks)(
  'on a disk that is really full, a checkpoint fails as such and leaves those before and room for the next',
  () => {
    const { code, stdout, stderr } = onSmallDisk(400, [process.execPath, MAIN])
    assert.is(code, 0, stderr)
    assert.equal(JSON.parse(stdout), {
      told: ['complete', 'complete', 'STORE_FULL', 'complete'],
      skipped: [],
      // The number of the one that failed was free again.
      listed: ['1 complete', '2 complete', '3 complete'],
      content: '3'.repeat(50_000),
    })
  },
)

test.run()
