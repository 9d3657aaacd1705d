/** Which end of UDP is the service, where a packet by itself does not say whether it asks or answers. */
import type { Host } from '../model/host.ts'
import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { entryAnswered, entryOpened, entryReturned } from './conntrack/entries.ts'
import { isLocal } from './fib.ts'
import { knowsSockets, listener } from './sockets.ts'

/** What only root may listen on, and nothing is asked from by itself. */
export const PRIVILEGED = 1024
/** From here up to 1023 programs of root ask, as NFS does (bindresvport). */
export const LEAST_RESERVED = 512
/** Linux's default of net.ipv4.ip_local_port_range; other systems begin above that (RFC 6335: 49152). */
export const LEAST_CHOSEN = 32_768

/** By the connections in host state, then as `portDirection` does. Undefined: nothing tells. */
export function udpDirection(packet: Packet, world: World): 'request' | 'reply' | undefined {
  if (packet.protocol !== 'udp') return undefined
  if (packet.ctDir !== undefined) return packet.ctDir === 'reply' ? 'reply' : 'request'
  const [opened, answered] = [entryOpened(packet, world), entryAnswered(packet, world)]
  // in two zones the reply begins an entry, too: each is the other's reply
  if (!opened !== !answered) return answered ? 'reply' : 'request'
  const leaves = !opened && packet.in === undefined
  return leaves && entryReturned(packet, world) ? 'reply' : portDirection(packet, world)
}

/**
 * By sockets and ports, of UDP that nobody tracks as well: a service has asked nobody from its own port, and it is asked
 * from one that the kernel chose.
 */
export function portDirection(packet: Packet, { host, tables }: World): 'request' | 'reply' | undefined {
  const { protocol, src, dst, sport, dport, in: device } = packet
  if (protocol !== 'udp' || src === undefined || dst === undefined || sport === undefined || dport === undefined)
    return undefined
  if (SERVER_OF_CLIENT.get(sport) === dport) return 'request'
  const other: Packet = { protocol, src: dst, dst: src, sport: dport, dport: sport }
  if (device === undefined && knowsSockets(host, protocol)) {
    if (!listener(host, other)) return 'request'
    // a socket that asks, and is connected to nobody, is listed as one that is asked
    if (!isChosen(sport, src, host)) return 'reply'
    return dport < PRIVILEGED ? 'request' : undefined
  }
  const named = portsNamed(tables)
  const isService = (port: number, address: string) =>
    named.has(port) || REGISTERED.has(port) || (listens(host, address, port) && !isChosen(port, address, host))
  if (sport < PRIVILEGED !== dport < PRIVILEGED) {
    const [low, [high, address]] = sport < PRIVILEGED ? [sport, [dport, dst] as const] : [dport, [sport, src] as const]
    const mayAsk = low >= LEAST_RESERVED && !named.has(low)
    if (mayAsk && high < LEAST_CHOSEN && isService(high, address)) return undefined
    if (dport < PRIVILEGED) return 'request'
    return listens(host, dst, dport) && isService(dport, dst) ? undefined : 'reply'
  }
  const [from, to] = [isService(sport, src), isService(dport, dst)]
  // ranges alone do not tell: a NAT gives any port, and traceroute asks high ones
  if (from === to) return undefined
  if (from) return 'reply'
  // rules name the client's own port, and a server may tell of itself
  return SERVER_OF_CLIENT.get(dport) === sport ? undefined : 'request'
}

/** Clients of DHCP and DHCPv6 have a port of their own, which rules and sockets are there for as for a service (RFC 2131, RFC 8415). */
const SERVER_OF_CLIENT: ReadonlyMap<number, number> = new Map([
  [68, 67],
  [546, 547],
])

/** Of those above: what IANA has for UDP services, and what VPNs, overlays and games listen on by default. */
const REGISTERED: ReadonlySet<number> = new Set([
  ...[1194, 1434, 1645, 1646, 1701, 1812, 1813, 1900, 2049, 2123, 2152, 3478, 3544, 3702, 3784, 4500, 4739, 4789],
  ...[5060, 5061, 5349, 5353, 5355, 5683, 5684, 6081, 6343, 8472, 9993, 27_015, 27_016, 41_641, 51_820],
])

/** A program has this port as its own, so nobody announces it for a connection of data. `named`: as rules name it, which may be in a range's place. */
export function servicePort({ protocol, dport }: Packet, tables: World['tables']): 'known' | 'named' | undefined {
  if (dport === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return undefined
  if (dport < PRIVILEGED || (protocol === 'udp' && REGISTERED.has(dport))) return 'known'
  return portsNamed(tables).has(dport) ? 'named' : undefined
}

const listens = (host: Host, dst: string, dport: number): boolean =>
  listener(host, { protocol: 'udp', dst, dport }) !== undefined

/** The kernel gives such ports to who asks for none; of another host its range is not known. */
function isChosen(port: number, address: string, host: Host): boolean {
  const range = isLocal(address, host) === true ? host.sysctls?.get('net.ipv4.ip_local_port_range') : undefined
  const [least = LEAST_CHOSEN, most = 65_535] = range?.trim().split(/\s+/).map(Number) ?? []
  return port >= least && port <= most
}

/** As rules ask for them, and as nat writes them: `dport 51820`, `sports 5060,5061`, `10.0.0.1:51820`. */
const PORTS = /[sd]?ports? (?:\{ )?([\d, ]+)|[\d.\]]:(\d+)(?=[ -]|$)/g

export const portsNamed = memo((tables: World['tables']): ReadonlySet<number> => {
  const named = new Set<number>()
  for (const { chains } of tables)
    for (const { rules } of chains.values())
      for (const { text } of rules)
        for (const [, list, port] of text.matchAll(PORTS)) for (const one of (list ?? port!).split(',')) named.add(+one)
  return named
})
