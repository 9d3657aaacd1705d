/** What is left of a lab when it is over: nothing, which is looked for rather than believed. */
import type { Host } from './lab.ts'

/** Milliseconds that processes which were told to end may take. */
const PATIENCE = 3000

/** Processes that are in one of the lab's namespaces, names that hold one, interfaces that were not here before. */
export async function leftBehind(
  hosts: ReadonlyMap<string, Host>,
  interfacesBefore: readonly string[],
): Promise<string[]> {
  const over = uptime()
  for (const until = Date.now() + PATIENCE; ; ) {
    const left = stillThere(hosts, interfacesBefore, over)
    if (left.length === 0 || Date.now() > until) return left
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** `over`: when the lab was; the kernel gives a namespace's number to the next one, whose processes begin later. */
function stillThere(hosts: ReadonlyMap<string, Host>, interfacesBefore: readonly string[], over: number): string[] {
  const { readdirSync, readFileSync, readlinkSync } = process.getBuiltinModule('node:fs')
  const names = new Map([...hosts].map(([name, { namespace }]) => [namespace, name]))
  const left: string[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const host = names.get(readlinkSync(`/proc/${pid}/ns/net`))
      if (host !== undefined && startOf(pid) <= over) left.push(`process ${pid} in the namespace of ${host}`)
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

/** Seconds since the machine was started. */
const uptime = (): number =>
  Number(process.getBuiltinModule('node:fs').readFileSync('/proc/uptime', 'utf8').split(' ')[0])

/** The same clock; the kernel tells it in hundredths. The name in front, in brackets, may hold spaces. */
function startOf(pid: string): number {
  const text = process.getBuiltinModule('node:fs').readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]) / 100
}

/** Of this process's own namespace. */
export const interfaces = (): string[] => {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  return [...readFileSync('/proc/net/dev', 'utf8').matchAll(/^ *(\S+):/gm)].map((match) => match[1]!)
}
