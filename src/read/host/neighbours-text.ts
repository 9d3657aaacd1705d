/** `ip neigh`, also with -s and of proxies (iproute2, ip/ipneigh.c print_neigh). */
import type { Neighbour } from '../../model/host.ts'
import { canonicalAddress, familyOf } from '../../rules/prefixes.ts'
import type { HostFormat } from './format.ts'
import { forEachLine, quoted, wholeLines } from './lines.ts'
import { withoutUndefined } from './without-undefined.ts'

const STATES = 'INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED|NOARP|PERMANENT|NONE'
/** Statistics (`ref 1 used 1/61/1probes 5`), who made it, and flags that say nothing about a packet's way. */
const LINE = new RegExp(
  `^(\\S+) dev (\\S+)(?: lladdr (\\S+))?((?: +(?:router|proxy|managed|extern_learn|offload|extern_valid|` +
    `proto \\S+|ref \\d+|used \\d+/\\d+/\\d+|probes \\d+))*) *((?:(?:${STATES})\\b ?)*) *$`,
)

export const neighboursText: HostFormat = {
  id: 'ip-neigh',
  describe: 'ip neigh',
  sniff(head) {
    const first = wholeLines(head)[0]
    return first !== undefined && readNeighbour(first) !== undefined
  },
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
  // -s glues `probes` to the number before it
  const [, text, device, mac, flags = '', states = ''] = LINE.exec(line.replace(/(\d)probes /, '$1 probes ')) ?? []
  const address = text === undefined ? undefined : canonicalAddress(text)
  const proxy = /\bproxy\b/.test(flags)
  if (address === undefined || device === undefined || (states.trim() === '' && !proxy)) return undefined
  return withoutUndefined<Neighbour>({
    family: familyOf(address),
    address,
    device,
    mac,
    state: states.trim() === '' ? [] : states.trim().split(/ +/),
    router: /\brouter\b/.test(flags) || undefined,
    proxy: proxy || undefined,
  })
}
