/** Exchanges that are put together from what a class shares are those that would have been written in full. */
import { describe, expect, it } from 'vitest'
import { Exchanges } from '../../src/analysis/exchanges/exchanges.ts'
import { ExchangeMembers } from '../../src/analysis/exchanges/members.ts'
import { seenBy, tellExchanges } from '../../src/analysis/exchanges/told.ts'
import { CaptureExplainer, type Host, recognise, type World, WorldBuilder } from '../../src/index.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'
import { writeExchanges } from '../../src/reports/exchange-lines.ts'
import { json } from '../../src/reports/json.ts'
import { ndjson } from '../../src/reports/ndjson.ts'
import { modelEngine } from '../../src/simulate/engine.ts'

const PACKETS = 120

const RULES = `*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j DROP
COMMIT
`

const HOST: Host = {
  links: [
    {
      index: 1,
      name: 'lo',
      mtu: 65_536,
      up: true,
      addresses: [{ family: 'ip', address: '127.0.0.1', prefixLength: 8 }],
    },
    {
      index: 2,
      name: 'eth0',
      mtu: 1500,
      up: true,
      addresses: [{ family: 'ip', address: '192.0.2.1', prefixLength: 24 }],
    },
    {
      index: 3,
      name: 'eth1',
      mtu: 1500,
      up: true,
      addresses: [{ family: 'ip', address: '10.1.0.1', prefixLength: 16 }],
    },
  ],
  routes: [
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: 'main', gateway: '192.0.2.254', device: 'eth0' },
    { family: 'ip', type: 'unicast', destination: '192.0.2.0/24', table: 'main', device: 'eth0' },
    { family: 'ip', type: 'unicast', destination: '10.1.0.0/16', table: 'main', device: 'eth1' },
    { family: 'ip', type: 'local', destination: '192.0.2.1/32', table: 'local', device: 'eth0' },
    { family: 'ip', type: 'local', destination: '10.1.0.1/32', table: 'local', device: 'eth1' },
  ],
  sysctls: new Map([
    ['net.ipv4.ip_forward', '1'],
    ['net.ipv4.conf.all.rp_filter', '0'],
    ['net.ipv4.conf.default.rp_filter', '0'],
  ]),
}

function worldOf(host: Host): World {
  const builder = new WorldBuilder()
  const recognised = recognise(RULES)
  if (recognised && recognised.kind !== 'capture') builder.add('', RULES, recognised)
  return { ...builder.world, host: { ...builder.world.host, ...host } }
}

const IP = (i: number, src: string, dst: string, length: number) =>
  `SRC=${src} DST=${dst} LEN=${length} TOS=0x00 PREC=0x00 TTL=64 ID=${i + 1} DF`
const tcp = (from: string, to: string, flags: string, seq: number, ack: number) =>
  `PROTO=TCP SPT=${from} DPT=${to} SEQ=${seq} ACK=${ack} WINDOW=64240 RES=0x00 ${flags} URGP=0 `

/** Dropped, accepted and pinged in turn, from anywhere; `answers`: those that were accepted are. */
function capture(answers: boolean): string {
  const lines: string[] = []
  const log = (at: string, text: string) => {
    const micros = String(lines.length * 40).padStart(6, '0')
    lines.push(`[  100.${micros}] TRACE: filter:${at} ${text}`)
  }
  const from = 'IN=eth0 OUT= MAC='
  for (let i = 0; i < PACKETS; i++) {
    const src = i % 2 === 0 ? `10.1.${i}.9` : `198.51.100.${i + 1}`
    const port = String(2000 + 37 * i)
    log('INPUT:rule:1', `${from} ${IP(i, src, '192.0.2.1', 60)} ${tcp(port, '22', 'SYN', 1000 + i, 0)}`)
    log('INPUT:policy:2', `${from} ${IP(i, src, '192.0.2.1', 60)} ${tcp(port, '80', 'SYN', 5000 + i, 0)}`)
    log('INPUT:policy:2', `${from} ${IP(i, src, '192.0.2.1', 84)} PROTO=ICMP TYPE=8 CODE=0 ID=${i + 7} SEQ=${2 * i} `)
    if (answers)
      log(
        'OUTPUT:policy:1',
        `IN= OUT=eth0 ${IP(i, '192.0.2.1', src, 60)} ${tcp('80', port, 'ACK SYN', 9000 + i, 5001 + i)}`,
      )
  }
  return `${lines.join('\n')}\n`
}

function exchangesOf(log: string, world: World): Exchanges {
  const exchanges = new Exchanges({ keepsOwn: true })
  const explainer = new CaptureExplainer(
    kernelLog,
    world,
    () => {},
    (closed) => {
      const number = exchanges.note(closed)
      if (number !== undefined) exchanges.list.show(number)
    },
    { engine: modelEngine },
  )
  explainer.push(new TextEncoder().encode(log))
  explainer.end()
  return exchanges
}

const decoder = new TextDecoder()

describe.each([
  ['on a host of which only the rules are known', {}, false],
  ['on a host of which only the rules are known, answered', {}, true],
  ['on a host whose replies the model plays', HOST, false],
  ['on a host whose replies the model plays, answered', HOST, true],
] as const)('%s', (_, host, answers) => {
  const exchanges = exchangesOf(capture(answers), worldOf(host))

  it.each([ndjson, json])('writes them in the same words as $describe', (form) => {
    const whole = form.open()
    const full = [...tellExchanges(exchanges)].map((one) => whole.exchange!(one)).join('')
    let text = ''
    const failed = writeExchanges(exchanges, form.open(), {
      write: (piece) => {
        text += typeof piece === 'string' ? piece : decoder.decode(piece)
      },
    })
    expect(text).toBe(full)
    expect(failed).toBe(true)
  })

  it('puts those that were dropped together from their class', () => {
    const members = new ExchangeMembers(exchanges.list, seenBy(exchanges))
    const numbers = Array.from({ length: exchanges.list.size }, (__, number) => number)
    const put = numbers.flatMap((number) => {
      const member = members.of(number)
      return member ? [{ src: String(member.values[1]), dport: member.values[4] }] : []
    })
    // of each class the first are told of themselves
    expect(put.length).toBeGreaterThan(PACKETS / 2)
    // what passed goes by its class where nothing more is known
    expect(put.length > PACKETS).toBe(!answers)
    // but for those whose reply leaves by another interface
    const passed = put.filter(({ src, dport }) => dport !== 22 && src.startsWith('10.1.'))
    expect(passed.length > 0).toBe(host !== HOST && !answers)
  })
})
