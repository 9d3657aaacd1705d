/** The thread that calls goes into another network namespace; all its sockets are that one's from then on. */
import { closeSync, openSync } from 'node:fs'
import { errnoName, type Libc } from './libc.ts'
import { Unavailable } from './unavailable.ts'

const CLONE_NEWNET = 0x40000000

/**
 * `path`: /run/netns/NAME or /proc/PID/ns/net. Throws Unavailable. For threads of their own only: Node's thread pool is
 * started by whoever first needs it and stays in that one's namespace, so behind this nothing asynchronous may be asked
 * of node:fs, node:dns or node:crypto.
 */
export function enterNamespace(libc: Libc, path: string): void {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') throw new Unavailable('rights', `no right to look at ${path} (${code})`)
    throw new Unavailable('namespace', `there is no network namespace ${path} (${code})`)
  }
  try {
    if (libc.func('int setns(int fd, int type)')(fd, CLONE_NEWNET) === 0) return
    const errno = libc.errno()
    const name = errnoName(errno)
    if (name === 'EPERM')
      throw new Unavailable('rights', `entering the namespace ${path} needs CAP_SYS_ADMIN (${name})`)
    throw new Unavailable('namespace', `${path} is no network namespace (${name})`)
  } finally {
    closeSync(fd)
  }
}
