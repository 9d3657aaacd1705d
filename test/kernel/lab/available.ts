/** Can this machine have a lab? Asked by trying. */
import { accessSync, constants } from 'node:fs'
import { whyNot } from '../namespaces.ts'
import { legacy } from './backend.ts'
import { Lab } from './lab.ts'

const TOOLS = ['python3', 'ip', 'conntrack', 'sysctl', ...legacy.tools]
const NEEDED: [path: string, mode: number, reason: string][] = [
  ['/dev/kmsg', constants.R_OK, 'the kernel log cannot be read'],
  // settable in the first namespace only, and by root only
  ['/proc/sys/net/netfilter/nf_log_all_netns', constants.W_OK, 'nf_log_all_netns cannot be set'],
]

let asked: Promise<string | undefined> | undefined

/** Undefined: one traced packet was seen in the kernel log. Files of one process ask once. */
export function whyNoLab(): Promise<string | undefined> {
  asked ??= tryLab()
  return asked
}

async function tryLab(): Promise<string | undefined> {
  const missing = whyNot(...TOOLS)
  if (missing) return missing
  if (process.getuid?.() !== 0) return 'only root may read TRACE lines of a namespace'
  for (const [path, mode, reason] of NEEDED)
    try {
      accessSync(path, mode)
    } catch {
      return `${reason} (${path})`
    }
  try {
    const lab = await Lab.open()
    try {
      return await tryTrace(lab)
    } finally {
      await lab.close()
    }
  } catch (error) {
    return `no lab can be made: ${error instanceof Error ? error.message : String(error)}`
  }
}

const TRACE = '*raw\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n-A PREROUTING -j TRACE\nCOMMIT\n'

async function tryTrace(lab: Lab): Promise<string | undefined> {
  for (const family of ['ip', 'ip6'] as const) {
    const loaded = await lab.run(legacy.restore(family), TRACE)
    if (loaded.status !== 0) return `${legacy.restore(family)[0]} cannot load a TRACE rule: ${loaded.error.trim()}`
    const [from, to] = [lab.topology.hosts[0]!, lab.topology.hosts[3]!]
    const packet = { src: from[family], dst: to[family], protocol: 'udp', sport: 40000, dport: 53 }
    let log: string[] = []
    // others may write so much that it is gone before it is read
    for (let [left, lost] = [5, 1]; left > 0 && lost > 0; left--) {
      await lab.send([{ n: 0, at: 'left', packet }])
      ;({ log, lost } = await lab.gather())
    }
    if (!log.some((line) => line.includes('TRACE: raw:PREROUTING:')))
      return 'this kernel logs no TRACE lines of a namespace'
  }
  return undefined
}
