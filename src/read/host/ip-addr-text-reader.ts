/** `ip addr`, `ip link`, also with -d, -s and -o (iproute2, ip/ipaddress.c print_linkinfo and print_addrinfo). */
import type { Report } from '../../model/diagnostic.ts'

import type { Link, LinkAddress } from '../../model/host.ts'
import { kernelNumber } from '../../model/kernel-number.ts'
import { canonicalPrefix, familyOf } from '../../rules/prefixes.ts'
import { scopeName } from '../../rules/route-names.ts'
import { callsTables } from './bridge-calls.ts'
import type { HostReading } from './format.ts'
import { type Hidden, hiddenAddress, hiddenWords } from './hidden-address.ts'
import { LINK, ONELINE } from './ip-addr-line.ts'
import { forEachLine, quoted } from './lines.ts'
import { bridgeDetails, detailsOf } from './link-details.ts'
import { flagsOf, unusedBy } from './unused-address.ts'

/** By its name, where `ip netns` knows one. */
const NAMESPACE = / link-netns(?:id)? (\S+)/
const PROMISCUITY = / promiscuity (\d{1,9}) /
const ADDRESS = /^\s+(inet6? .*)$/
const LAYER = /^\s+link\/(\S+) ?(\S*)/
const KINDS =
  'bareudp|bond|bond_slave|bridge|bridge_slave|dummy|erspan|geneve|gre|gretap|ifb|ip6gre|ip6gretap|ip6tnl|ipip|ipvlan|' +
  'ipvtap|macsec|macvlan|macvtap|netdevsim|netkit|nlmon|rmnet|sit|team|tun|vcan|veth|vlan|vrf|vti|vti6|vxlan|wireguard|xfrm'
const DETAIL = new RegExp(`^\\s+(${KINDS})\\b`)
/** Lifetimes, statistics (-s), further names and what else says nothing about a packet's way. */
const BESIDES = /^\s+(valid_lft|RX|TX|altname|alias|vf|prog|permaddr|promiscuity|openvswitch|\d)/

export function readIpAddrText(text: string, report: Report): HostReading {
  const links = new Map<number, Link>()
  const hidden: Hidden[] = []
  let link: Link | undefined
  const visit = (line: string, number: number): void => {
    const oneline = ONELINE.exec(line)
    const begun = oneline ? linkOf(links, oneline) : readLink(line)
    if (begun) {
      link = begun
      links.set(Number(/^\d+/.exec(line)![0]), begun)
      if (!oneline) return
    }
    const detail = oneline ? ` ${oneline[3]}` : line
    if (link && readDetail(detail, link)) return
    const one = link && hiddenAddress(detail)
    if (one) hidden.push(one)
    report('line-not-understood', one ? hiddenWords(one.text) : `not a line of ip addr: ${quoted(line)}`, number)
  }
  forEachLine(text, (line, number) => {
    // -o writes the line breaks as backslashes
    for (const part of line.split('\\')) if (part.trim() !== '') visit(part, number)
  })
  return { host: { links: [...links.values()], ...(hidden.length > 0 ? { unread: { addresses: hidden } } : {}) } }
}

const linkOf = (links: ReadonlyMap<number, Link>, [, index, name]: RegExpExecArray): Link =>
  links.get(Number(index)) ?? { index: Number(index), name: name!, addresses: [] }

function readLink(line: string): Link | undefined {
  const [, index, name, flags, rest] = LINK.exec(line) ?? []
  if (name === undefined || flags === undefined || rest === undefined) return undefined
  const link: Link = { index: Number(index), name, up: flags.split(',').includes('UP') }
  if (flags.split(',').includes('NOARP')) link.noArp = true
  const words = rest.split(' ')
  const after = (word: string): string | undefined => words[words.indexOf(word) + 1]
  const mtu = words.includes('mtu') ? kernelNumber(after('mtu')) : undefined
  if (mtu !== undefined) link.mtu = mtu
  if (words.includes('master')) link.master = after('master')!
  if (words.includes('qdisc')) Object.assign(link, detailsOf(after('qdisc'), undefined))
  if (words.includes('group')) link.group = after('group')!
  // `ip link` prints the link mode, which `ip addr` leaves out in favour of the addresses
  if (!words.includes('mode')) link.addresses = []
  return link
}

/** Whether the line was understood. */
function readDetail(line: string, link: Link): boolean {
  const [, layer, mac] = LAYER.exec(line) ?? []
  if (layer !== undefined) {
    if (mac !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) link.mac = mac
    const namespace = NAMESPACE.exec(line)?.[1]
    if (namespace !== undefined && namespace !== 'unknown') link.peerNamespace = namespace
    Object.assign(link, detailsOf(undefined, Number(PROMISCUITY.exec(line)?.[1] ?? 0)))
    return true
  }
  const words = ADDRESS.exec(line)?.[1]
  if (words !== undefined) {
    const address = readAddress(words)
    if (address) {
      link.addresses ??= []
      link.addresses.push(address)
    }
    return address !== undefined
  }
  const kind = DETAIL.exec(line)?.[1]
  // `bridge_slave` tells of the interface's place in another, not what it is
  if (kind !== undefined && !kind.endsWith('_slave')) link.kind = kind
  const calls = kind === 'bridge' ? callsTables((name) => line.includes(`${name} 1`)) : undefined
  if (calls) link.callsTables = calls
  if (kind === 'bridge' || kind === 'bridge_slave')
    Object.assign(
      link,
      bridgeDetails(kind === 'bridge' ? undefined : / state (\w+) /.exec(line)?.[1], (name) =>
        line.includes(`${name} 1 `),
      ),
    )
  for (const name of kind === 'bridge_slave' ? (['hairpin', 'isolated'] as const) : []) {
    const state = new RegExp(` ${name} (on|off) `).exec(line)?.[1]
    if (state !== undefined) link[name] = state === 'on'
  }
  return kind !== undefined || BESIDES.test(line)
}

/** `inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0`, `inet 10.0.0.1 peer 10.0.0.2/32 …`. */
function readAddress(text: string): LinkAddress | undefined {
  const words = text.split(' ')
  const after = (word: string): string | undefined => {
    const at = words.indexOf(word)
    return at < 0 ? undefined : words[at + 1]
  }
  const peer = after('peer')
  const [address] = canonicalPrefix(words[1] ?? '')?.split('/') ?? []
  const [peerAddress, length] = canonicalPrefix(peer ?? words[1] ?? '')?.split('/') ?? []
  if (address === undefined || length === undefined) return undefined
  const result: LinkAddress = { family: familyOf(address), address, prefixLength: Number(length) }
  const scope = scopeName(after('scope'))
  if (scope !== undefined) result.scope = scope
  const broadcast = after('brd')
  if (broadcast !== undefined) result.broadcast = broadcast
  if (peer !== undefined) result.peer = peerAddress!
  const unused = unusedBy((flag) => words.includes(flag))
  if (unused !== undefined) result.unused = unused
  const flags = flagsOf((flag) => words.includes(flag))
  if (flags !== undefined) result.flags = flags
  return result
}
