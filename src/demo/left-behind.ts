/** What is left of a lab when it is over: nothing, which is looked for rather than believed. */
import type { Host } from './lab.ts'

/** Milliseconds that processes which were told to end may take. */
const PATIENCE = 3000

/** Processes that are in one of the lab's namespaces, names that hold one, interfaces that were not here before. */
export async function leftBehind(
  hosts: ReadonlyMap<string, Host>,
  interfacesBefore: readonly string[],
): Promise<string[]> {
  for (const until = Date.now() + PATIENCE; ; ) {
    const left = stillThere(hosts, interfacesBefore)
    if (left.length === 0 || Date.now() > until) return left
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function stillThere(hosts: ReadonlyMap<string, Host>, interfacesBefore: readonly string[]): string[] {
  const { readdirSync, readFileSync, readlinkSync } = process.getBuiltinModule('node:fs')
  const names = new Map([...hosts].map(([name, { namespace }]) => [namespace, name]))
  const left: string[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const host = names.get(readlinkSync(`/proc/${pid}/ns/net`))
      if (host !== undefined) left.push(`process ${pid} in the namespace of ${host}`)
    } catch {
      // ended meanwhile, or another user's
    }
  }
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const host = names.get(/ (net:\[\d+\]) /.exec(line)?.[1] ?? '')
    if (host !== undefined) left.push(`a name for the namespace of ${host}`)
  }
  const before = new Set(interfacesBefore)
  return [...left, ...interfaces().flatMap((name) => (before.has(name) ? [] : [`the interface ${name}`]))]
}

/** Of this process's own namespace. */
export const interfaces = (): string[] => {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  return [...readFileSync('/proc/net/dev', 'utf8').matchAll(/^ *(\S+):/gm)].map((match) => match[1]!)
}
