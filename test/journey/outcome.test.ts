/** Where a journey ended: what the last lines and host state tell, and what they leave open. */
import { describe, expect, it } from 'vitest'
import { interfaceWords } from '../../src/reports/packet-words.ts'
import { explainLog, worldOf } from './journeys.ts'
import { dmesg, type TestPacket, trace } from './kernel-lines.ts'

const RULES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -j TRACE
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -d 192.0.2.1/32 -j DNAT --to-destination 198.51.100.2
COMMIT
*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
const ADDRESSES = `1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    inet 192.0.2.1/24 scope global eth0
`
const ROUTES = `local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
198.51.100.0/24 via 192.0.2.254 dev eth0
`

describe('a connection whose destination is rewritten in OUTPUT, behind its first packet', () => {
  // the rest of the hook still shows lo, the way to the address before
  const ack: TestPacket = { out: 'lo', src: '192.0.2.1', dst: '192.0.2.1', sport: 40000, dport: 80, flags: 'ACK' }
  const lines = (dst: string) => [
    trace('raw:OUTPUT:policy:2', ack),
    trace('filter:OUTPUT:policy:1', { ...ack, dst }),
    trace('raw:OUTPUT:policy:2', { ...ack, out: 'eth0', src: '192.0.2.1', dst: '203.0.113.1', sport: 1, id: 9 }),
  ]
  const fate = (dst: string, ...host: string[]) => {
    const [first] = explainLog(dmesg(lines(dst)), worldOf(RULES, ...host)).journeys
    return [first!.outcome, first!.basis]
  }

  it('goes to another host', () => {
    expect(fate('198.51.100.2', ADDRESSES, ROUTES)).toEqual(['sent', 'inferred'])
    const { journeys } = explainLog(dmesg(lines('198.51.100.2')), worldOf(RULES, ADDRESSES, ROUTES))
    expect(interfaceWords(journeys[0]!)).toEqual([])
    expect(journeys[0]!.findings.map(({ message }) => message).join()).not.toMatch(/\blo\b/)
  })

  it('may go to this one, where its addresses are not known', () => {
    expect(fate('198.51.100.2')).toEqual(['undetermined', 'observed'])
  })

  it('has lines missing where it stays here', () => {
    expect(fate('127.0.0.1', ADDRESSES, ROUTES)).toEqual(['undetermined', 'observed'])
  })
})

it('a policy that stands in the part of the ruleset that is missing is not known', () => {
  const cut = `-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -p udp -j ACCEPT
COMMIT
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -j TRACE
COMMIT
`
  const packet: TestPacket = { in: 'eth0', src: '192.0.2.10', dst: '192.0.2.1', sport: 40000, dport: 80 }
  const end = (policies: string) => {
    const lines = [trace('raw:PREROUTING:policy:2', packet), trace('filter:INPUT:policy:2', packet)]
    const [journey] = explainLog(dmesg(lines), worldOf(`${policies}${cut}`)).journeys
    return [journey!.outcome, journey!.findings.map(({ message }) => message).join()]
  }
  expect(end('')).toEqual(['undetermined', expect.stringContaining("does not say what the chain's policy is")])
  expect(end('*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n')[0]).toBe('dropped')
})
