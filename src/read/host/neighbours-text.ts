/** `ip neigh`, also with -s and of proxies (iproute2, ip/ipneigh.c print_neigh). */
import type { Neighbour } from '../../model/host.ts'
import { canonicalAddress, familyOf } from '../../rules/prefixes.ts'
import type { HostFormat } from './format.ts'
import { firstLine, forEachLine, quoted } from './lines.ts'
import { neighbourList } from './neighbours-json.ts'
import { withoutUndefined } from './without-undefined.ts'

const LINE = /^(\S+) dev (\S+)(?: lladdr (\S+))?((?: +\S+)*)$/
const STATES = new Set([
  ...['INCOMPLETE', 'REACHABLE', 'STALE', 'DELAY', 'PROBE', 'FAILED', 'NOARP', 'PERMANENT', 'NONE'],
])
/** Who made it, and what says nothing about a packet's way; -s glues `probes` to the numbers before it. */
const BESIDES = /^(?:[a-z_]+|\d+|\d+\/\d+\/\d+(?:probes)?)$/

export const neighboursText: HostFormat = {
  id: 'ip-neigh',
  describe: 'ip neigh',
  sniff(head) {
    const first = firstLine(head)
    return first !== undefined && readNeighbour(first) !== undefined
  },
  load: neighbourList.load,
  read(text, report) {
    const neighbours: Neighbour[] = []
    forEachLine(text, (line, number) => {
      if (line.trim() === '') return
      const neighbour = readNeighbour(line)
      if (neighbour) neighbours.push(neighbour)
      else report('line-not-understood', `not a line of ip neigh: ${quoted(line)}`, number)
    })
    return { host: { neighbours } }
  },
}

function readNeighbour(line: string): Neighbour | undefined {
  const [, text, device, mac, rest = ''] = LINE.exec(line.trimEnd()) ?? []
  const address = text === undefined ? undefined : canonicalAddress(text)
  const words = rest.split(/ +/).filter((word) => word !== '')
  const state = words.filter((word) => STATES.has(word))
  const proxy = words.includes('proxy')
  const strange = words.some((word) => !STATES.has(word) && !BESIDES.test(word))
  if (address === undefined || device === undefined || strange || (state.length === 0 && !proxy)) return undefined
  return withoutUndefined<Neighbour>({
    family: familyOf(address),
    address,
    device,
    mac,
    state,
    router: words.includes('router') || undefined,
    proxy: proxy || undefined,
  })
}
