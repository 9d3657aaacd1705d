/** A packet of which all is known that a kernel log line shows, on a machine of which all is known that host state tells. */
import type { Hook } from '../../src/model/hook.ts'
import type { Packet } from '../../src/model/packet.ts'
import type { IptablesSpec, NamedSet } from '../../src/model/ruleset.ts'
import type { World } from '../../src/model/world.ts'
import type { EvalContext } from '../../src/rules/facts.ts'
import type { IpFamily } from '../../src/rules/iptables/extension.ts'

const ADDRESSES = {
  ip: {
    own: '192.0.2.1',
    peer: '192.0.2.2',
    far: '203.0.113.9',
    length: 24,
    network: '192.0.2.0/24',
    all: '0.0.0.0/0',
  },
  ip6: {
    own: '2001:db8::1',
    peer: '2001:db8::2',
    far: '2001:db8:ffff::9',
    length: 64,
    network: '2001:db8::/64',
    all: '::/0',
  },
} as const

/** The ipsets that the table tests name. */
const set = (name: string, type: string): NamedSet => ({ name, type, elements: [] })

export const knownWorld: World = {
  tables: [],
  sets: [set('test', 'hash:ip'), set('test6', 'hash:ip'), set('pairs', 'hash:ip,port')],
  host: {
    links: [
      {
        index: 2,
        name: 'eth0',
        mtu: 1500,
        up: true,
        group: 'default',
        addresses: (['ip', 'ip6'] as const).map((family) => ({
          family,
          address: ADDRESSES[family].own,
          prefixLength: ADDRESSES[family].length,
        })),
      },
      { index: 3, name: 'eth1', mtu: 1500, up: true, group: 'default', addresses: [] },
    ],
    routes: (['ip', 'ip6'] as const).flatMap((family) => {
      const { own, peer, network, all } = ADDRESSES[family]
      return [
        {
          family,
          type: 'local' as const,
          destination: `${own}/${family === 'ip' ? 32 : 128}`,
          table: 'local',
          device: 'eth0',
        },
        { family, type: 'unicast' as const, destination: network, table: 'main', device: 'eth0' },
        { family, type: 'unicast' as const, destination: all, table: 'main', gateway: peer, device: 'eth0' },
      ]
    }),
    sockets: [],
    conntrack: [],
    sysctls: new Map(),
  },
}

/** Of the protocol that the rule asks for, at its hook. */
export function momentFor({ spec, family, hook }: { spec: IptablesSpec; family: IpFamily; hook: Hook }): EvalContext {
  const asked = spec.protocol?.value ?? 'tcp'
  const packet = knownPacket(family, asked === 'ipv6-icmp' ? 'icmpv6' : asked)
  if (hook === 'output') delete packet.in
  if (hook === 'prerouting' || hook === 'input') delete packet.out
  return { packet, family, hook, world: knownWorld }
}

export function knownPacket(family: IpFamily, protocol: string): Packet {
  return {
    in: 'eth0',
    out: 'eth1',
    src: ADDRESSES[family].far,
    dst: ADDRESSES[family].own,
    protocol,
    sport: 40000,
    dport: 80,
    tcpFlags: ['syn'],
    tcpSeq: 1,
    tcpAck: 0,
    tcpWindow: 64240,
    tcpOptions: '020405B40402080A0000000100000000',
    icmpType: 8,
    icmpCode: 0,
    icmpId: 1,
    icmpSeq: 1,
    ipId: 1,
    ttl: 64,
    tos: 0,
    length: 60,
    fragOffset: 0,
    mark: 0,
    srcMac: '02:00:00:00:00:01',
    dstMac: '02:00:00:00:00:02',
    uid: 1000,
    gid: 1000,
    ctState: 'new',
    ctStatus: [],
    ctDir: 'original',
  }
}
