/** What xtables-monitor prints, of old and new versions. */
import { expect, it } from 'vitest'
import { recognise } from '../../../../src/read/recognise.ts'
import { explainFile, worldOf } from '../../../journey/journeys.ts'

const TRACE = `PACKET: 2 0a0b0c0d IN=eth0 MACSRC=2:0:0:0:0:2 MACDST=2:0:0:0:0:1 MACPROTO=0800 SRC=192.0.2.2 DST=192.0.2.1 LEN=60 TOS=0x0 TTL=64 ID=7DF SPORT=40000 DPORT=81 SYN
 TRACE: 2 0a0b0c0d raw:PREROUTING:rule:0x4:CONTINUE  -4 -t raw -A PREROUTING -j TRACE
 TRACE: 2 0a0b0c0d raw:PREROUTING:return:
 TRACE: 2 0a0b0c0d raw:PREROUTING:policy:ACCEPT
 TRACE: 2 0a0b0c0d nat:PREROUTING:return:
 TRACE: 2 0a0b0c0d nat:PREROUTING:policy:ACCEPT
PACKET: 2 0a0b0c0d IN=eth0 MACSRC=2:0:0:0:0:2 MACDST=2:0:0:0:0:1 MACPROTO=0800 SRC=192.0.2.2 DST=192.0.2.1 LEN=60 TOS=0x0 TTL=64 ID=7 DF SPORT=40000 DPORT=81 SYN MARK=0x5
 TRACE: 2 0a0b0c0d filter:INPUT:rule:0x8:CONTINUE  -4 -t filter -A INPUT -j MARK --set-xmark 0x5/0xffffffff
 TRACE: 2 0a0b0c0d filter:INPUT:rule:0x3:JUMP:SUB  -4 -t filter -A INPUT -p tcp -m tcp --dport 81 -j SUB
 TRACE: 2 0a0b0c0d filter:SUB:rule:0x5:0xfffffffb  -4 -t filter -A SUB -m comment --comment "x y" -j RETURN
 TRACE: 2 0a0b0c0d filter:INPUT:rule:0x6:DROP  -4 -t filter -A INPUT -p tcp -m tcp --dport 81 -j REJECT --reject-with icmp-port-unreachable
`
const SAVED = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -j TRACE
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:SUB - [0:0]
-A INPUT -j MARK --set-xmark 0x5/0xffffffff
-A INPUT -p tcp -m tcp --dport 81 -j SUB
-A INPUT -p tcp -m tcp --dport 81 -j REJECT --reject-with icmp-port-unreachable
-A SUB -m comment --comment "x y" -j RETURN
COMMIT
`
const place = (text: string, world = worldOf(SAVED)) => {
  const { journeys, told } = explainFile(text, world)
  return { journeys, told }
}

it('lays each line on the rules of iptables-save, by its words', () => {
  const { journeys, told } = place(TRACE)
  expect(told).toEqual([])
  expect(journeys.length).toBe(1)
  const [journey] = journeys
  expect(journey).toMatchObject({
    outcome: 'rejected',
    basis: 'observed',
    traceId: '0a0b0c0d',
    culprit: { ruleNumber: 3 },
  })
  expect(
    journey!.steps.map(({ hook, table, chain, ruleNumber, verdict }) => [hook, table, chain, ruleNumber, verdict]),
  ).toEqual([
    ['prerouting', 'raw', 'PREROUTING', 1, 'continue'],
    ['prerouting', 'raw', 'PREROUTING', undefined, 'return'],
    ['prerouting', 'raw', 'PREROUTING', undefined, 'accept'],
    ['prerouting', 'nat', 'PREROUTING', undefined, 'return'],
    ['prerouting', 'nat', 'PREROUTING', undefined, 'accept'],
    ['input', 'filter', 'INPUT', 1, 'continue'],
    ['input', 'filter', 'INPUT', 2, 'jump SUB'],
    ['input', 'filter', 'SUB', 1, 'return'],
    ['input', 'filter', 'INPUT', 3, 'reject'],
  ])
})

it('reads the packet, also where old versions lose a blank; the mark is the one behind the first rule', () => {
  const { journeys } = place(TRACE)
  expect(journeys[0]!.packet).toMatchObject({
    in: 'eth0',
    srcMac: '02:00:00:00:00:02',
    src: '192.0.2.2',
    protocol: 'tcp',
    dport: 81,
    tcpFlags: ['syn'],
    ipId: 7,
    dontFragment: true,
  })
  const marking = journeys[0]!.steps[5]!
  expect(marking.changes).toEqual([{ field: 'mark', from: 0, to: 5 }])
  expect(journeys[0]!.steps[6]!.mark).toBe(5)
})

it('knows the protocol from a rule that matched, for it is not printed', () => {
  const ping = `PACKET: 2 00000001 IN=eth0 SRC=192.0.2.2 DST=192.0.2.1 LEN=84 TOS=0x0 TTL=64 ID=7 DF
 TRACE: 2 00000001 filter:INPUT:rule:0x4:DROP  -4 -t filter -A INPUT -p icmp -j DROP
`
  expect(explainFile(ping).journeys[0]!.packet.protocol).toBe('icmp')
})

it('counts changes of the ruleset, lost events and what is cut', () => {
  const { told, stats } = explainFile(`${TRACE} EVENT: iptables -t filter -A INPUT -p tcp -m tcp --dport 99 -j ACCEPT
 EVENT: nft: NEW table: table filter ip flags 0 use 0 handle 0
NEWGEN: GENID=5 PID=12 NAME=iptables-nft
cannot receive from nfnetlink socket: No buffer space available
 TRACE: 2 0a0b0c0d filter:INP
PACKET: 2 0000000e IN=eth0 SRC=192.0.2.2
`)
  expect(told).toEqual(['12 ruleset-change', '15 events-lost', '16 cut-line'])
  expect([stats.skipped, stats.lost]).toEqual([5, 1])
})

it('tells IPv6 and families by their numbers', () => {
  const { journeys } =
    explainFile(`PACKET: 1 00000002 IN=lo NFPROTO=10 LOOPBACK SRC=2001:db8::1 DST=2001:db8::2 LEN=33 TC=0 HOPLIMIT=64 FLOWLBL=257002 SPORT=59033 DPORT=54
 TRACE: 1 00000002 t:in:rule:0x14:DROP
PACKET: 10 00000003 OUT=wan SRC=2001:db8::1 DST=2001:db8::2 LEN=33 TC=0 HOPLIMIT=64 FLOWLBL=257002
 TRACE: 10 00000003 filter:OUTPUT:policy:DROP
`)
  expect(journeys.map(({ family, steps }) => [family, steps[0]!.family, steps[0]!.hook])).toEqual([
    ['ip6', 'inet', undefined],
    ['ip6', 'ip6', 'output'],
  ])
  expect(journeys[0]!.packet).toMatchObject({ length: 53, ttl: 64, flowLabel: 257002, dport: 54 })
})

it('is recognised, and is no kernel log', () => {
  expect(recognise(TRACE)?.format.id).toBe('xtables-monitor')
  expect(recognise(TRACE.replace('IN=eth0', 'IN=eth0 OUT=eth1'))?.format.id).toBe('xtables-monitor')
})
