/**
 * `ip -br link` and `ip -br addr` (iproute2, ip/ipaddress.c print_linkinfo_brief and print_addrinfo): name, state, and
 * MAC with flags or the addresses. They show no index, MTU or group.
 */
import type { Link, LinkAddress } from '../../model/host.ts'
import { canonicalPrefix, familyOf } from '../../rules/prefixes.ts'
import type { HostFormat } from './format.ts'
import { type Hidden, hiddenWords } from './hidden-address.ts'
import { firstLine, forEachLine, quoted } from './lines.ts'

/** What follows `@` is the other end, not part of the name. */
const LINE = /^([^\s@]+)(?:@\S+)?\s+(UNKNOWN|NOTPRESENT|DOWN|LOWERLAYERDOWN|TESTING|DORMANT|UP)(?:\s+(\S.*))?$/
const MAC = '(?:[0-9a-f]{2}:){5,}[0-9a-f]{2}'
const LINK = new RegExp(`^(${MAC}|\\S+)\\s+<([A-Z0-9_,-]*)>$`)
const PADDED = /^\S+\s{2,}(?:UNKNOWN|NOTPRESENT|DOWN|LOWERLAYERDOWN|TESTING|DORMANT|UP)\b|^\S{16,}\s/

export const ipBrief: HostFormat = {
  id: 'ip-brief',
  describe: 'ip -br link, ip -br addr',
  sniff(head) {
    const first = firstLine(head)
    return first !== undefined && PADDED.test(first) && readLink(first) !== undefined
  },
  read(text, report) {
    const links: Link[] = []
    const addresses: Hidden[] = []
    forEachLine(text, (line, number) => {
      if (line.trim() === '') return
      const hidden: Hidden[] = []
      const link = readLink(line, hidden)
      if (!link) {
        report('line-not-understood', `not a line of ip -br: ${quoted(line)}`, number)
        return
      }
      links.push(link)
      addresses.push(...hidden)
      for (const one of hidden) report('line-not-understood', hiddenWords(one.text), number)
    })
    return { host: { links, ...(addresses.length > 0 ? { unread: { addresses } } : {}) } }
  },
}

/** `hidden` takes addresses that nobody can read; absent: then it is no such line. */
function readLink(line: string, hidden?: Hidden[]): Link | undefined {
  const [, name, , rest = ''] = LINE.exec(line.trimEnd()) ?? []
  if (name === undefined) return undefined
  const [, mac, flags] = LINK.exec(rest) ?? []
  if (flags !== undefined) {
    const link: Link = { name, up: flags.split(',').includes('UP') }
    return mac !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) ? { ...link, mac } : link
  }
  const addresses = readAddresses(rest === '' ? [] : rest.split(/\s+/), hidden)
  return addresses && { name, addresses }
}

/** `10.0.0.1/24`, `10.0.0.1 peer 10.0.0.2/32`; newer releases add `metric N`. */
function readAddresses(words: readonly string[], hidden?: Hidden[]): LinkAddress[] | undefined {
  const addresses: LinkAddress[] = []
  for (let i = 0; i < words.length; i++) {
    if (words[i] === 'metric' && /^\d+$/.test(words[i + 1] ?? '')) {
      i++
      continue
    }
    const peerText = words[i + 1] === 'peer' ? words[i + 2] : undefined
    const [address] = canonicalPrefix(words[i]!)?.split('/') ?? []
    const [peer, length] = canonicalPrefix(peerText ?? words[i]!)?.split('/') ?? []
    if (address === undefined || length === undefined) {
      if (!hidden) return undefined
      hidden.push({ family: words[i]!.includes(':') ? 'ip6' : 'ip', text: words[i]! })
      continue
    }
    const one: LinkAddress = { family: familyOf(address), address, prefixLength: Number(length) }
    addresses.push(peerText === undefined ? one : { ...one, peer: peer! })
    if (peerText !== undefined) i += 2
  }
  return addresses
}
