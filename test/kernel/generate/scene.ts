/** The addresses, interfaces and ports that rules and packets of one family share, so that rules meet packets. */
import type { Family } from '../lab/lab.ts'
import type { Side, Topology } from '../lab/topology.ts'

export interface Scene {
  family: Family
  /** Of hosts on either side of the router, and beyond one. */
  hosts: Record<Side, string[]>
  /** The router's own. */
  own: string[]
  /** Without a route, or with one that says no. */
  nowhere: string[]
  networks: string[]
  interfaces: Record<Side, string>
  macs: string[]
}

export const SERVICE_PORTS = [22, 53, 80, 443, 8080, 30080] as const
export const CLIENT_PORTS = [40000, 40001, 40002, 40003, 50123] as const

export function makeScene(topology: Topology, family: Family): Scene {
  const { sides, hosts, far, own, nowhere } = topology
  const on = (side: Side) => [
    ...hosts.filter((host) => host.side === side).map((host) => host[family]),
    far[side][family],
  ]
  return {
    family,
    hosts: { left: on('left'), right: on('right') },
    own: own[family],
    nowhere: nowhere[family],
    networks:
      family === 'ip'
        ? [sides.left.net, sides.right.net, far.left.net, far.right.net, '10.0.0.0/8']
        : [sides.left.net6, sides.right.net6, far.left.net6, far.right.net6, 'fd00::/8'],
    interfaces: { left: sides.left.interface, right: sides.right.interface },
    macs: hosts.map((host) => host.mac),
  }
}

export const allAddresses = ({ hosts, own, nowhere }: Scene): string[] => [
  ...hosts.left,
  ...hosts.right,
  ...own,
  ...nowhere,
]
