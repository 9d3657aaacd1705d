/** What stays the same for many cases: which tables there are, and the kernel's settings. Tables cannot be taken away again. */
import type { Furniture } from '../lab/lab.ts'
import type { Topology } from '../lab/topology.ts'
import { Random } from './random.ts'

export interface House extends Furniture {
  tables: string[]
}

const TABLES = ['raw', 'mangle', 'nat', 'filter', 'security']

export function randomHouse(seed: number, { hosts }: Topology): House {
  const random = new Random(seed)
  const others = TABLES.slice(1)
  const tables = random.chance(0.5) ? TABLES : ['raw', ...random.some(others, random.int(0, others.length))]
  const settings: [string, string][] = []
  const maybe = (share: number, key: string, value: string) => {
    if (random.chance(share)) settings.push([key, value])
  }
  maybe(0.4, 'net.ipv4.conf.all.rp_filter', random.pick(['1', '2']))
  maybe(0.1, 'net.ipv4.ip_forward', '0')
  maybe(0.1, 'net.ipv6.conf.all.forwarding', '0')
  maybe(0.3, 'net.ipv4.conf.all.route_localnet', '1')
  maybe(0.3, 'net.ipv4.conf.all.accept_local', '1')
  maybe(0.3, 'net.ipv4.conf.all.src_valid_mark', '1')
  maybe(0.3, 'net.netfilter.nf_conntrack_tcp_loose', '0')
  const chosen = random.pick(['left', 'right'] as const)
  const other = hosts.find(({ side }) => side === chosen)!
  // marks choose the route
  const routing = random.chance(0.3)
    ? [other.ip, other.ip6].flatMap((gateway) => [
        `rule add from ${gateway.includes(':') ? '::/0' : '0.0.0.0/0'} fwmark 0x2/0x2 lookup 100`,
        `route add default via ${gateway} table 100`,
      ])
    : []
  return { tables, settings, routing }
}
