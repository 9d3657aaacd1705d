/** Datagrams from one port, one of them answered and another one refused: the last says what came of it. */
import { describe, expect, test } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const [CLIENT, SERVER] = ['192.0.2.7', '198.51.100.9']
const there: TestPacket = { in: 'eth0', out: 'eth1', src: CLIENT, dst: SERVER, sport: 40_842, dport: 53 }
const back: TestPacket = { in: 'eth1', out: 'eth0', src: SERVER, dst: CLIENT, sport: 53, dport: 40_842 }
const line = (packet: TestPacket, id: number) => trace('filter:FORWARD:policy:1', { ...packet, protocol: 'udp', id })

function logged(kind: Kind, id: number): string {
  if (kind !== 'refused') return line(kind === 'asked' ? there : back, id)
  const quoted = `[SRC=${CLIENT} DST=${SERVER} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=${id} DF PROTO=UDP SPT=40842 DPT=53 LEN=40 ] `
  const error = trace('filter:FORWARD:policy:1', { ...back, protocol: 'icmp', icmpType: 3, id: 900 + id, length: 88 })
  return error.replace(/ CODE=0 ID=9 SEQ=1 $/, ` CODE=3 ${quoted}`)
}

const HEAD = 'ip dscp cs0 ip ecn not-ect ip ttl 63'
const ends = (from: string, to: string) => `ip saddr ${from} ip daddr ${to} ${HEAD}`
const UDP = 'ip protocol udp ip length 32'

/** nft shows the first bytes of what an error quotes: its id and its length. */
function traced(kind: Kind, id: number, i: number): string {
  const words = {
    asked: `iif "a" oif "b" ${ends(CLIENT, SERVER)} ip id ${id} ${UDP} udp sport 40842 udp dport 53 udp length 12 @th,64,32 0x78787878 `,
    replied: `iif "b" oif "a" ${ends(SERVER, CLIENT)} ip id ${id} ${UDP} udp sport 53 udp dport 40842 udp length 12 @th,64,32 0x78787878 `,
    refused: `iif "b" oif "a" ${ends(SERVER, CLIENT)} ip id 900 ip protocol icmp ip length 60 icmp type destination-unreachable icmp code port-unreachable icmp id 0 icmp sequence 0 @th,64,96 0x45000020${id.toString(16).padStart(4, '0')}40003f116ee9 `,
  }[kind]
  return `trace id ${i + 1}0 inet f fw packet: ${words}\ntrace id ${i + 1}0 inet f fw policy accept \n`
}

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const RULESET =
  'table inet f { # handle 1\n\tchain fw { # handle 1\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n'

type Kind = 'asked' | 'replied' | 'refused'
type Packets = readonly (readonly [Kind, number])[]

async function statusOf(capture: string, rules: string): Promise<Exchange['status'][]> {
  const analysis = await open([
    { name: 'capture', text: capture },
    { name: 'rules', text: rules },
  ])
  return (await analysis.exchanges()).exchanges.map(({ status }) => status)
}

describe.each([
  [
    'the kernel\u2019s log',
    (packets: Packets) => statusOf(dmesg(packets.map(([kind, id]) => logged(kind, id))), RULES),
  ],
  [
    'nft\u2019s trace',
    (packets: Packets) => statusOf(packets.map(([kind, id], i) => traced(kind, id, i)).join(''), RULESET),
  ],
])('%s', (_name, told) => {
  test.each<[string, Packets, string]>([
    [
      'answered, then refused',
      [
        ['asked', 4001],
        ['replied', 7001],
        ['asked', 4002],
        ['refused', 4002],
      ],
      'refused',
    ],
    [
      'refused, then answered',
      [
        ['asked', 4001],
        ['refused', 4001],
        ['asked', 4002],
        ['replied', 7001],
      ],
      'answered',
    ],
    [
      'refused alone',
      [
        ['asked', 4001],
        ['refused', 4001],
      ],
      'refused',
    ],
  ])('%s', async (_what, packets, status) => {
    expect(await told(packets)).toEqual([status])
  })
})

/** About the client's segment 4: the host that was asked, or its router, sends it. */
function errorAbout(code: number): string {
  const quoted = `[SRC=${CLIENT} DST=${SERVER} LEN=1500 TOS=0x00 PREC=0x00 TTL=63 ID=4 DF PROTO=TCP SPT=40842 DPT=53 SEQ=8 ACK=501 WINDOW=64240 RES=0x00 ACK PSH URGP=0 ] `
  const error = trace('filter:FORWARD:policy:1', { ...back, protocol: 'icmp', icmpType: 3, id: 900, length: 576 })
  return error.replace(/ CODE=0 ID=9 SEQ=1 $/, ` CODE=${code} ${quoted}`)
}

describe('an error about a segment of a connection', () => {
  const tcp = (packet: TestPacket, more: Partial<TestPacket>) =>
    trace('filter:FORWARD:policy:1', { ...packet, length: 52, ...more })
  const before = [
    tcp(there, { id: 1, seq: 7 }),
    tcp(back, { id: 2, seq: 500, ack: 8, flags: 'ACK SYN' }),
    tcp(there, { id: 3, seq: 8, ack: 501, flags: 'ACK' }),
    tcp(there, { id: 4, seq: 8, ack: 501, flags: 'ACK PSH', length: 1500 }),
  ]
  const again = tcp(there, { id: 5, seq: 8, ack: 501, flags: 'ACK PSH', length: 1400 })
  const taken = tcp(back, { id: 6, seq: 501, ack: 1356, flags: 'ACK' })

  test.each([
    ['was too large, and goes on in smaller ones', [...before, errorAbout(4), again, taken], 'answered'],
    ['found no host, and arrived later', [...before, errorAbout(1), again, taken], 'answered'],
    ['found no host, and never arrived', [...before, errorAbout(1), again], 'refused'],
  ])('%s', async (_name, lines, status) => {
    expect(await statusOf(dmesg(lines), RULES)).toEqual([status])
  })
})
