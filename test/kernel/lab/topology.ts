/**
 * Who is where. Interface names and addresses hold the run's own token, so lines in the kernel log that belong to
 * another run, which all name spaces write to, can be told apart.
 *
 *     left hosts ── left [router] right ── right hosts ── far networks
 */
export type Side = 'left' | 'right'

export interface Host {
  side: Side
  ip: string
  ip6: string
  mac: string
}

export interface Topology {
  /** Words of which every line of this run has one. */
  words: string[]
  sides: Record<
    Side,
    { interface: string; outside: string; mac: string; ip: string; ip6: string; net: string; net6: string }
  >
  hosts: Host[]
  /** Numbers of further neighbours: where NETMAP takes the addresses below to. */
  neighbours: number[]
  /** Beyond a host of that side. */
  far: Record<Side, { ip: string; ip6: string; net: string; net6: string }>
  /** Of the router itself and on no link. */
  own: { ip: string[]; ip6: string[] }
  /** No route, or one that says no. */
  nowhere: { ip: string[]; ip6: string[] }
}

/** `token`: 16 bits, different for runs that share a kernel. */
export function makeTopology(token: number): Topology {
  const [a, b] = [token >> 8, token & 0xff]
  const hex = token.toString(16).padStart(4, '0')
  // printed in full by the kernel: the group must have no leading zero to read the same
  const net6 = `fd${hex.slice(0, 2)}:1${hex.slice(1)}`
  const side = (name: Side, letter: string, base: number, n: number) => ({
    interface: `k${letter}${hex}`,
    outside: `o${letter}${hex}`,
    mac: `02:00:00:00:0${n}:01`,
    ip: `10.${a}.${b}.${base + 1}`,
    ip6: `${net6}:${n}::1`,
    net: `10.${a}.${b}.${base}/25`,
    net6: `${net6}:${n}::/64`,
    name,
  })
  const sides = { left: side('left', 'l', 0, 1), right: side('right', 'r', 128, 2) }
  const hosts = (['left', 'right'] as const).flatMap((name, i) =>
    [10, 11, 12].map((n) => ({
      side: name,
      ip: `10.${a}.${b}.${128 * i + n}`,
      ip6: `${net6}:${i + 1}::${n}`,
      mac: `02:00:00:00:0${i + 1}:${n}`,
    })),
  )
  return {
    words: [`kl${hex}`, `kr${hex}`, `=10.${a}.${b}.`, `=127.${a}.${b}.`, `=${net6}:`],
    sides,
    hosts,
    neighbours: [7, 17, 33, 72],
    far: {
      left: { ip: '203.0.113.7', ip6: '2001:db8:1::7', net: '203.0.113.0/24', net6: '2001:db8:1::/48' },
      right: { ip: '198.51.100.7', ip6: '2001:db8:2::7', net: '198.51.100.0/24', net6: '2001:db8:2::/48' },
    },
    own: {
      ip: [sides.left.ip, sides.right.ip, `127.${a}.${b}.1`],
      ip6: [sides.left.ip6, sides.right.ip6, `${net6}:3::1`],
    },
    nowhere: {
      ip: ['192.0.2.1', '192.0.2.17', '192.0.2.33', '192.0.2.200'],
      ip6: ['2001:db8:9:1::1', '2001:db8:9:2::1', '2001:db8:a::1'],
    },
  }
}
