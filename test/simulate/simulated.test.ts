import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { makeWorld, ROUTER } from './world.ts'

/** Marks, NAT, sets, a goto, TTL, a jump, and a trace that begins late. */
const RULES = [
  '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j TRACE\n-A PREROUTING -j MARK --set-mark 0x1\nCOMMIT',
  '*mangle\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -j CONNMARK --restore-mark',
  '-A PREROUTING -j MARK --or-mark 0x4\n-A PREROUTING -j CONNMARK --save-mark\n-A POSTROUTING -j TTL --ttl-dec 3\nCOMMIT',
  '*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:web - [0:0]\n-A PREROUTING -p tcp --dport 8080 -j web',
  '-A web -p tcp -j DNAT --to-destination 10.0.2.2:80\n-A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.0.2.1\nCOMMIT',
  '*filter\n:FORWARD DROP [0:0]\n:web - [0:0]\n-A FORWARD -m conntrack --ctstate ESTABLISHED -g web',
  '-A FORWARD -m mark --mark 0x4/0x4 -j ACCEPT\n-A web -m comment --comment x\nCOMMIT\n',
].join('\n')

const SYN: Packet = {
  in: 'eth0',
  protocol: 'tcp',
  src: '10.0.1.2',
  sport: 40000,
  dst: '10.0.1.1',
  dport: 8080,
  tcpFlags: ['syn'],
}
const ANSWER: Packet = { ...SYN, in: 'eth1', src: '10.0.2.2', sport: 80, dst: '10.0.2.1', dport: 40000 }
const PACKETS: Packet[] = [
  SYN,
  { ...ANSWER, tcpFlags: ['syn', 'ack'] },
  { ...SYN, tcpFlags: ['ack'] },
  { ...SYN, sport: 40001 },
  { in: 'eth0', protocol: 'udp', src: '10.0.1.2', dst: '10.0.2.2', sport: 5000, dport: 53 },
  { protocol: 'udp', dst: '10.0.2.2', dport: 53 },
  { protocol: 'udp', dst: '10.0.2.1', dport: 53 },
  { ...SYN, dst: '10.9.0.1' },
  { ...SYN, tcpFlags: ['fin', 'ack'] },
]

describe('a journey', () => {
  it('is the same whether it is looked at at once or behind all others', () => {
    const [one, other] = [new Simulator(makeWorld(RULES, ROUTER)), new Simulator(makeWorld(RULES, ROUTER))]
    const atOnce = PACKETS.map((packet) => {
      const { evidence, packet: end } = one.send(packet)
      return structuredClone({ evidence, end })
    })
    const sent = PACKETS.map((packet) => other.send(packet))
    const late = sent.toReversed().map(({ evidence, packet }) => ({ evidence, end: packet }))
    expect(late.toReversed()).toEqual(atOnce)
    expect(atOnce[0]!.evidence.journey.steps.length).toBeGreaterThan(8)
  })

  it('shows at each step the packet as it came there', () => {
    const machine = new Simulator(makeWorld(RULES, ROUTER))
    const [first, second] = PACKETS.map((packet) => machine.send(packet))
    const shown = (sent: typeof first) =>
      sent!.evidence.journey.steps.map(
        ({ table, src, dst, sport, dport, mark, ttl }) => `${table} ${src}:${sport} > ${dst}:${dport} ${mark} ${ttl}`,
      )
    expect(shown(first)).toEqual([
      'raw 10.0.1.2:40000 > 10.0.1.1:8080 0 64',
      'raw 10.0.1.2:40000 > 10.0.1.1:8080 1 64',
      'mangle 10.0.1.2:40000 > 10.0.1.1:8080 1 64',
      'mangle 10.0.1.2:40000 > 10.0.1.1:8080 0 64',
      'mangle 10.0.1.2:40000 > 10.0.1.1:8080 4 64',
      'mangle 10.0.1.2:40000 > 10.0.1.1:8080 4 64',
      'nat 10.0.1.2:40000 > 10.0.1.1:8080 4 64',
      'nat 10.0.1.2:40000 > 10.0.1.1:8080 4 64',
      'mangle 10.0.1.2:40000 > 10.0.2.2:80 4 63',
      'filter 10.0.1.2:40000 > 10.0.2.2:80 4 63',
      'mangle 10.0.1.2:40000 > 10.0.2.2:80 4 63',
      'mangle 10.0.1.2:40000 > 10.0.2.2:80 4 60',
      'nat 10.0.1.2:40000 > 10.0.2.2:80 4 60',
    ])
    expect(shown(second).at(-1)).toBe('filter 10.0.2.2:80 > 10.0.1.2:40000 4 63')
    expect(first!.packet).toMatchObject({ src: '10.0.2.1', dst: '10.0.2.2', dport: 80, mark: 4, ttl: 60, in: 'eth0' })
  })

  it('has the packet as it was sent: what connection tracking makes of it is not told beforehand', () => {
    const play = (given: Packet) =>
      new Simulator(
        makeWorld('*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n', ROUTER),
      ).send(given).evidence.journey
    expect(play(SYN).steps[0]!.table).toBe('raw')
    expect(play(SYN).packet).not.toHaveProperty('ctState')
    expect(play({ ...SYN, ctState: 'established' }).packet.ctState).toBe('established')
  })

  it('of a packet that no rule sees has the packet as it was sent', () => {
    const given: Packet = { ...SYN, dst: '10.9.0.1', ctState: 'new' }
    const { evidence, ended } = new Simulator(makeWorld('', ROUTER)).send(given)
    expect(ended.outcome).toBe('vanished')
    expect(evidence.journey.packet).toEqual({
      ...given,
      ...{ mark: 0, ttl: 64, tos: 0, tcpOptions: '020405B4', dontFragment: true, length: 44 },
    })
  })
})
