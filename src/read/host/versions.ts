/**
 * `iptables -V`, `nft --version` and their like, one or several in a file. iptables says which of the kernel's two
 * packet filters it speaks to; before 1.8 there was but one.
 */
import type { Tool } from '../../model/host.ts'
import type { HostFormat } from './format.ts'
import { firstLine, forEachLine, quoted } from './lines.ts'

const LINE =
  /^(ip6?tables|ebtables|arptables|nftables|ipset|conntrack)(?:-(?:legacy|nft))? v?(\d[\w.-]{0,60})(?:,? ?[(p][^:]*)?(?:: \d+)?$/
/** What `nft -V` adds. */
const BESIDES = /^\s+(cli|json|minigmp|libxtables):/

export const versions: HostFormat = {
  id: 'versions',
  describe: 'iptables -V, nft --version',
  sniff(head) {
    const first = firstLine(head)
    return first !== undefined && LINE.test(first)
  },
  read(text, report) {
    const tools: Record<string, Tool> = {}
    forEachLine(text, (line, number) => {
      if (line.trim() === '' || BESIDES.test(line)) return
      const [, name, version] = LINE.exec(line) ?? []
      if (name === undefined || version === undefined) {
        report('line-not-understood', `this is not a version line of a known tool: ${quoted(line)}`, number)
        return
      }
      const backend = backendOf(name, line)
      // what was asked for first is what the plain name calls
      tools[name === 'nftables' ? 'nft' : name] ??= { version, ...(backend ? { backend } : {}) }
    })
    return { host: { tools } }
  },
}

function backendOf(name: string, line: string): Tool['backend'] {
  if (!/^(ip6?|eb|arp)tables$/.test(name)) return undefined
  return line.includes('(nf_tables)') ? 'nft' : 'legacy'
}
