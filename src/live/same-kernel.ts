/**
 * Is a place on the kernel that we run on? Then its network namespace can be entered, and the kernel's own sockets be
 * read from here, whatever led to the place (`ip netns exec`, `nsenter`, `docker exec`) and whatever is installed there.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import type { Facts } from './survey/facts.ts'

/** `path`: the namespace, where it is not our own. Undefined: another kernel, or not to be found. */
export function sameKernel({ files, namespace }: Facts): { path?: string } | undefined {
  const boot = files.get('/proc/sys/kernel/random/boot_id')?.[0]
  if (boot === undefined || namespace === undefined || boot !== readOwn('/proc/sys/kernel/random/boot_id'))
    return undefined
  if (linkOf('/proc/self/ns/net') === namespace) return {}
  const path = namedNamespace(namespace) ?? namespaceOfProcess(namespace)
  return path === undefined ? undefined : { path }
}

/** A file there keeps the namespace alive. */
function namedNamespace(namespace: string): string | undefined {
  const inode = Number(/\[(\d+)\]/.exec(namespace)?.[1])
  return entries('/run/netns')
    .map((name) => `/run/netns/${name}`)
    .find((path) => {
      try {
        return statSync(path).ino === inode
      } catch {
        return false
      }
    })
}

function namespaceOfProcess(namespace: string): string | undefined {
  for (const pid of entries('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const path = `/proc/${pid}/ns/net`
    if (linkOf(path) === namespace) return path
  }
  return undefined
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function readOwn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
