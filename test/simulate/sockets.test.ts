/** What rules ask of the socket that a packet belongs to. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { type Simulated, Simulator } from '../../src/simulate/simulator.ts'
import { makeWorld, ROUTER } from './world.ts'

describe('a packet at ingress', () => {
  const UDP: Packet = { in: 'eth0', protocol: 'udp', src: '10.0.1.2', sport: 4000, dst: '10.0.2.2', dport: 53 }
  const send = (kind: string, key: string, hook: string): Simulated => {
    const links = ROUTER.links!.map((link) => ({ ...link, kind }))
    return new Simulator(
      makeWorld(`table inet t { chain c { type filter ${hook}; meta ${key} 0 drop; } }`, { ...ROUTER, links }),
    ).send(UDP)
  }
  const INGRESS = 'hook ingress device "eth0" priority 0'

  it.each(['cgroup', 'skuid', 'skgid'])('has the socket of the program that wrote it to a tap device: %s', (key) => {
    expect(send('tun', key, INGRESS).ended.open?.condition).toBe(`meta ${key} 0`)
    expect(send('veth', key, INGRESS).ended.outcome).toBe('forwarded')
    expect(send('tun', key, 'hook prerouting priority raw').ended.outcome).toBe('forwarded')
  })
})

describe('a packet of this host whose destination a rule rewrote', () => {
  const OWN: Packet = { protocol: 'udp', src: '10.0.2.1', sport: 4000, dst: '10.0.2.2', dport: 53 }
  const send = (type: string, dst: string, write = 'ip daddr set 10.0.2.3'): Simulated =>
    new Simulator(
      makeWorld(
        `table ip t {
chain a { type ${type} hook output priority 300; ${write}; }
chain b { type filter hook postrouting priority 300; rt ip nexthop 10.0.2.3 drop; }
}`,
        ROUTER,
      ),
    ).send({ ...OWN, dst })

  it('keeps the next hop of the first one only from a raw socket', () => {
    expect(send('filter', '10.0.2.2').ended.open?.reason).toMatch(/^the sending process is not known/)
  })

  it('has the next hop of its route where it is routed anew, where it did not change, or over a gateway', () => {
    expect(send('route', '10.0.2.2').ended.outcome).toBe('dropped')
    expect(send('filter', '10.0.2.3').ended.outcome).toBe('dropped')
    expect(send('filter', '10.7.0.1').ended.outcome).toBe('sent')
  })
})

describe('a packet for a transparent proxy', () => {
  const SYN: Packet = {
    in: 'eth0',
    protocol: 'tcp',
    src: '10.0.1.2',
    sport: 4000,
    dst: '10.0.2.2',
    dport: 80,
    tcpFlags: ['syn'],
  }
  const listening = (port: number) => [{ protocol: 'tcp', family: 'ip', port, state: 'LISTEN' }] as const
  const send = (rules: string, more: object = {}, packet = SYN): Simulated =>
    new Simulator(makeWorld(rules, { ...ROUTER, ...more })).send(packet)
  const IPTABLES =
    '*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1\nCOMMIT\n'
  const NFT =
    'table ip t { chain c { type filter hook prerouting priority mangle; tcp dport 80 tproxy to :3129; tcp dport 80 counter; } }'

  it('is dropped where no program listens, and held against the next rule of nft', () => {
    expect(send(IPTABLES, { sockets: listening(22) }).ended.outcome).toBe('dropped')
    expect(send(NFT, { sockets: listening(22) }).ended.outcome).toBe('forwarded')
  })

  it('is dropped where what listens is listed as not transparent', () => {
    const plain = listening(3129).map((one) => ({ ...one, transparent: false }))
    expect(send(IPTABLES, { sockets: plain }).ended.outcome).toBe('dropped')
  })

  it('does not go on with the rest of a rule of nft that found no socket', () => {
    const rules = NFT.replace('tproxy to :3129;', 'tproxy to :3129 drop;')
    const { ended, evidence } = send(rules, { sockets: listening(22) })
    expect(ended.outcome).toBe('forwarded')
    // as the kernel's trace shows no line of it
    expect(evidence.journey.steps.map(({ kind, ruleNumber }) => [kind, ruleNumber])).toEqual([
      ['rule', 2],
      ['policy', 3],
    ])
  })

  it('of a connection meets its own socket first, whatever listens', () => {
    const sockets = (transparent?: boolean) => [
      ...listening(3129),
      {
        ...{ protocol: 'tcp', family: 'ip', state: 'ESTAB', address: '10.0.1.1', port: 80 },
        ...{ peerAddress: '10.0.1.2', peerPort: 4000 },
        ...(transparent === undefined ? {} : { transparent }),
      },
    ]
    const packet = { ...SYN, dst: '10.0.1.1', tcpFlags: ['ack' as const] }
    expect(send(IPTABLES, { sockets: sockets(false) }, packet).ended.outcome).toBe('dropped')
    expect(send(IPTABLES, { sockets: sockets() }, packet).ended.open?.reason).toBe(
      'it is unknown whether the socket of its connection has IP_TRANSPARENT',
    )
  })

  it('may be taken where one listens, where sockets are not known, or amid its connection', () => {
    const established = { ...SYN, tcpFlags: ['ack' as const] }
    for (const one of [
      send(IPTABLES, { sockets: listening(3129) }),
      send(IPTABLES),
      send(IPTABLES, { sockets: listening(22) }, established),
    ])
      expect(one.ended.open?.condition).toBe('-j TPROXY')
  })

  it('goes where it is assumed to', () => {
    const assumed = (holds: boolean) => {
      const world = makeWorld(IPTABLES, { ...ROUTER, sockets: [...listening(3129)] })
      return new Simulator(world, { assume: new Map([['-j TPROXY', holds]]) }).send(SYN)
    }
    expect(assumed(false).ended.outcome).toBe('dropped')
    expect(assumed(true).ended).toMatchObject({ outcome: 'forwarded' })
    expect(assumed(true).assumed).toEqual(['-j TPROXY'])
  })
})
