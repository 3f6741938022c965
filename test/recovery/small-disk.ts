/** A disk of a few megabytes that really gets full, seen by one script only. */
import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** What is missing here to mount one; undefined: nothing. */
export const smallDiskLacks =
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0
    ? undefined
    : 'the right to mount a small disk'

/** How the script ended. */
export interface ScriptEnd {
  readonly code: number | null
  readonly stderr: string
}

/**
 * Runs a shell script with a disk of so many kilobytes mounted at `folder`, which is its `$disk`; further variables come from `env`. What is on the disk is
 * gone with the script.
 */
export async function onSmallDisk(
  folder: string,
  kilobytes: number,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<ScriptEnd> {
  const mount = `mount -t tmpfs -o size=${kilobytes}k none "$disk"\n`
  const child = spawn('unshare', ['-rm', 'sh', '-c', mount + script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env, disk: folder },
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const [code, stderr] = await Promise.all([ended, text(child.stderr)])
  return { code, stderr }
}
