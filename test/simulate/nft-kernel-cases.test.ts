/** What the kernel did where the model once said something else: found by test/kernel/nft-random.test.ts, made small. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { makeWorld, ROUTER } from './world.ts'

const UDP: Packet = { protocol: 'udp', src: '10.0.1.2', sport: 4000, dst: '10.0.1.1', dport: 53 }
const IN: Packet = { ...UDP, in: 'eth0' }
const OWN: Packet = { ...UDP, src: '10.0.1.1', sport: 53, dst: '10.0.1.2', dport: 4000 }
const ECHO: Packet = { in: 'eth0', protocol: 'icmp', src: '10.0.1.2', dst: '10.0.2.2', icmpType: 8, icmpCode: 0 }

const base = (name: string, type: string, lines: string) =>
  `table ip ${name} {\nchain c {\ntype ${type};\n${lines}\n}\n}\n`

const outcomes = (rules: string, packets: readonly Packet[], host = ROUTER) => {
  const machine = new Simulator(makeWorld(rules, host))
  return packets.map((packet) => machine.send(packet).ended.outcome)
}

describe('NAT to a prefix that leaves the destination as it is', () => {
  const dnat = (to: string) => base('n', 'nat hook prerouting priority -100', `dnat ip ${to}`)
  const written = base('t', 'filter hook postrouting priority 0', 'ip saddr set 198.51.100.7')

  it('may or may not undo what a rule writes into replies', () => {
    expect(outcomes(dnat('prefix to 10.0.1.0/24') + written, [IN, OWN])).toEqual(['delivered', 'undetermined'])
    expect(outcomes(dnat('to 10.0.1.1') + written, [IN, OWN])).toEqual(['delivered', 'sent'])
  })

  it('makes no difference where no rule writes', () => {
    expect(outcomes(dnat('prefix to 10.0.1.0/24'), [IN, OWN])).toEqual(['delivered', 'sent'])
  })

  it('leaves the status of the connection unknown', () => {
    const asked = base('t', 'filter hook input priority 0', 'ct status dnat drop')
    expect(outcomes(dnat('prefix to 10.0.1.0/24') + asked, [IN])).toEqual(['undetermined'])
    expect(outcomes(dnat('to 10.0.1.1') + asked, [IN])).toEqual(['delivered'])
  })
})

it('does not know whether a count adds a connection that is assured already', () => {
  const rules = (more: string) => base('t', 'filter hook input priority 0', `${more} ct count over 1 drop`)
  const tcp = (tcpFlags: string[], from: Packet): Packet => ({ ...from, protocol: 'tcp', tcpFlags })
  const there: Packet = { ...IN, dport: 80 }
  const back: Packet = { ...OWN, sport: 80 }
  const packets = [tcp(['syn'], there), tcp(['syn', 'ack'], back), tcp(['ack'], there), tcp(['ack'], there)]
  const other = tcp(['syn'], { ...there, sport: 4001 })
  expect(outcomes(rules(''), [...packets, other])).toEqual(['delivered', 'sent', 'delivered', 'delivered', 'dropped'])
  const late = rules('tcp flags != syn').replace('ct count', 'tcp dport 80 ct count').replace('over 1', 'over 0')
  expect(outcomes(late, packets)).toEqual(['delivered', 'sent', 'undetermined', 'undetermined'])
})

it('does not know what is left of a quota behind a condition and a write, where the condition is unknown', () => {
  const rules = base(
    't',
    'filter hook forward priority 0',
    '@th,16,16 4000 ip dscp set cs0 quota until 60 bytes meta l4proto tcp drop',
  )
  const syn: Packet = { ...IN, protocol: 'tcp', dst: '10.0.2.2', dport: 4000, tcpFlags: ['ack'], length: 40 }
  expect(outcomes(rules, [{ ...ECHO, length: 28 }, syn])).toEqual(['forwarded', 'undetermined'])
  expect(outcomes(rules, [syn])).toEqual(['dropped'])
})

it('knows that bytes differ of which it knows some', () => {
  const whole = (rule: string) => outcomes(base('t', 'filter hook forward priority 0', `${rule} drop`), [ECHO])
  // type and code, and a checksum that is not known
  expect(whole('@th,0,32 != 0x350050')).toEqual(['dropped'])
  expect(whole('@th,8,24 != 0x350050')).toEqual(['dropped'])
  expect(whole('@th,8,24 0x350050')).toEqual(['forwarded'])
  expect(whole('@th,8,24 != 0x50')).toEqual(['undetermined'])
  expect(whole('@th,8,24 & 0xffff != 0x50')).toEqual(['undetermined'])
})

it('rejects without an answer what has an address of lo to answer from, and none to answer to', () => {
  const nat = (set: string) => base('n', 'nat hook output priority -99', `${set} redirect`)
  const reject = base('t', 'filter hook input priority 0', 'reject')
  expect(outcomes(nat('ip saddr set 198.51.100.7') + reject, [OWN])).toEqual(['dropped'])
  expect(outcomes(nat('') + reject, [OWN])).toEqual(['rejected'])
})

describe('a connection that is the reverse of another, in a zone in one direction alone', () => {
  const rules =
    base('t', 'filter hook output priority -250', 'ct reply zone set 5') +
    base('n', 'nat hook postrouting priority 100', '')

  it('keeps its port, and clashes with the other', () => {
    expect(
      outcomes(
        rules,
        [OWN, IN].map((one) => ({ ...one })),
      ),
    ).toEqual(['sent', 'vanished'])
  })

  it('gets another port by protocols that never clash', () => {
    const tcp = (one: Packet): Packet => ({ ...one, protocol: 'tcp', tcpFlags: ['syn'] })
    expect(outcomes(rules, [OWN, IN].map(tcp))).toEqual(['sent', 'delivered'])
  })

  it('is not known before Linux 6.12', () => {
    expect(outcomes(rules, [OWN, IN], { ...ROUTER, kernel: '6.6.0' })).toEqual(['sent', 'undetermined'])
  })
})

describe('a checksum that a rule has made wrong', () => {
  const error: Packet = {
    ...{ protocol: 'icmp', src: '10.0.1.1', dst: '10.0.1.2', icmpType: 3, icmpCode: 3 },
    inner: { protocol: 'udp', src: '10.0.1.2', sport: 4000, dst: '10.0.1.1', dport: 53 },
  }
  const spoilt = base('t', 'route hook output priority -150', 'meta l4proto icmp @th,16,16 set 4001')
  const tracked = base('f', 'filter hook input priority 0', 'ct state new accept')
  const nat = base('n', 'nat hook prerouting priority -100', '')

  it('keeps ICMP errors of a connection from getting past any hook of NAT', () => {
    expect(outcomes(spoilt + tracked + nat, [IN, error])).toEqual(['delivered', 'vanished'])
    // the hook in OUTPUT has seen it before, and none behind that looks again
    const late = base('t', 'filter hook postrouting priority 0', 'meta l4proto icmp @th,16,16 set 4001')
    expect(outcomes(late + tracked + nat, [IN, error])).toEqual(['delivered', 'sent'])
    // without NAT nobody here looks at it
    expect(outcomes(spoilt + tracked, [IN, error])).toEqual(['delivered', 'sent'])
  })

  it('is right again once the header is as it was', () => {
    const echo: Packet = { protocol: 'icmp', src: '10.0.1.1', dst: '10.0.1.1', icmpType: 8, icmpCode: 0, tos: 0 }
    const write = (value: number, priority: number) =>
      base(`t${priority}`, `filter hook postrouting priority ${priority}`, `@nh,8,8 set ${value}`)
    expect(outcomes(write(184, 1), [echo])).toEqual(['vanished'])
    expect(outcomes(write(184, 1) + write(0, 2), [echo])).toEqual(['delivered'])
    expect(outcomes(write(184, 1) + write(4, 2), [echo])).toEqual(['vanished'])
  })
})
