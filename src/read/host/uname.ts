/** `uname -a`, `uname -r` and /proc/version: one line that names the kernel. */

import { parseAddress } from '../../model/address.ts'
import type { Host } from '../../model/host.ts'
import type { HostFormat } from './format.ts'
import { quoted } from './lines.ts'

export const uname: HostFormat = {
  id: 'uname',
  describe: 'uname -a, uname -r, /proc/version',
  sniff: (head) => readUname(head) !== undefined,
  read(text, report) {
    const host = readUname(text)
    if (!host) report('line-not-understood', `not what uname prints: ${quoted(text.trim())}`, 1)
    return { host: host ?? {} }
  },
}

function readUname(text: string): Partial<Host> | undefined {
  const line = text.trim()
  if (line.includes('\n')) return undefined
  const version = /^Linux version (\d+\.\d+\S*) \(/.exec(line)
  if (version) return { kernel: version[1]! }
  const all = /^Linux (\S+) (\d+\.\d+\S*) /.exec(line)
  if (all) return { name: all[1]!, kernel: all[2]! }
  // 6.1.0-28-amd64, 3.10.0-1160.el7.x86_64, 5.15.0+
  return /^\d+\.\d+(\.\d+)?([-+_~.]\S*)?$/.test(line) && !parseAddress(line) ? { kernel: line } : undefined
}
