/** Throw-away network namespaces for tests that ask the kernel. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// without root, a user namespace of its own gives the rights
const UNSHARE = process.getuid?.() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net']

/** What keeps tests that need `tools` in a namespace from running here; undefined: nothing does. */
export function whyNot(...tools: string[]): string | undefined {
  if (process.platform !== 'linux') return `${process.platform} has no netfilter`
  if (spawnSync('unshare', [...UNSHARE, 'true']).status !== 0)
    return 'no right to make a network namespace (run as root, or allow unprivileged user namespaces)'
  const missing = tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined
}

/** Runs a shell script as root of a network namespace that ends with it; standard error comes with the output. */
export function runInNamespace(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
  try {
    const { stdout, error } = spawnSync('unshare', [...UNSHARE, 'sh'], {
      input: `exec 2>&1\n${script}`,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      // the lock is per machine by default, and not writable without root
      env: { ...process.env, LC_ALL: 'C', XTABLES_LOCKFILE: join(folder, 'lock') },
    })
    if (error) throw error
    return stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Shell commands that wait until the routes of IPv6 addresses are there: the kernel makes them when the link is ready. */
export const AWAIT_ADDRESSES = `
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ "$(ip -6 addr | grep -c inet6)" -gt "$(ip -6 route show table local | grep -c ^local)" ] || break
  sleep 0.1
done`
