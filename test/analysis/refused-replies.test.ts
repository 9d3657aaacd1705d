/** Replies that got through, and that an ICMP error is about: no program took them. */
import { describe, expect, test } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { clocked, dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const [CLIENT, SERVER] = ['192.0.2.7', '198.51.100.9']
const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const there: TestPacket = {
  in: 'eth0',
  out: 'eth1',
  src: CLIENT,
  dst: SERVER,
  sport: 40_000,
  dport: 53,
  protocol: 'udp',
}
const back: TestPacket = {
  in: 'eth1',
  out: 'eth0',
  src: SERVER,
  dst: CLIENT,
  sport: 53,
  dport: 40_000,
  protocol: 'udp',
}
const at = 'filter:FORWARD:policy:1'
const asked = (id: number) => trace(at, { ...there, id })
const replied = (id: number) => trace(at, { ...back, id })

/** About a reply: port unreachable, unless told otherwise. */
function refusal(about: number, type = 3, code = 3): string {
  const packet: TestPacket = { ...there, protocol: 'icmp', icmpType: type, id: 900 + about, length: 88 }
  const quoted = `[SRC=${SERVER} DST=${CLIENT} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=${about} DF PROTO=UDP SPT=53 DPT=40000 LEN=40 ] `
  return trace(at, packet).replace(/ CODE=0 ID=9 SEQ=1 $/, ` CODE=${code} ${quoted}`)
}

/** A second and a half from each line to the next one: whoever asks has given up. */
const told = (...lines: readonly string[]): Promise<Exchange> =>
  toldOf(clocked(lines.map((line, i) => [10 + 1.5 * i, line])))

async function toldOf(log: string): Promise<Exchange> {
  const analysis = await open([
    { name: 'rules.v4', text: RULES },
    { name: 'trace.log', text: log },
  ])
  const { exchanges } = await analysis.exchanges()
  expect(exchanges).toHaveLength(1)
  return exchanges[0]!
}

describe('replies that the asker refuses', () => {
  test.each([
    ['its port is closed', refusal(20)],
    ['its firewall prohibits it', refusal(20, 3, 13)],
    ['a fragment of it is missing', refusal(20, 11, 1)],
  ])('the only reply is lost: %s', async (_name, error) => {
    const { status, basis, journeys } = await told(asked(1), replied(20), error)
    expect([status, basis, journeys.errors]).toEqual(['reply-lost', 'inferred', ['3']])
  })

  test('a prompt one may be read by who sends packets itself, whatever its kernel says', async () => {
    const prompt = async (error: string) => (await toldOf(dmesg([asked(1), replied(20), error]))).status
    expect(await prompt(refusal(20))).toBe('answered')
    expect(await prompt(refusal(20, 3, 13))).toBe('reply-lost')
  })

  test('too large a reply is sent again in parts', async () => {
    expect((await told(asked(1), replied(20), refusal(20, 3, 4))).status).toBe('answered')
  })

  test('one that was taken will do, though a copy of it is refused', async () => {
    expect((await told(asked(1), asked(2), replied(20), replied(21), refusal(21))).status).toBe('answered')
    expect((await told(asked(1), asked(2), replied(20), refusal(20), replied(21))).status).toBe('reply-lost')
    expect((await told(asked(1), replied(20), refusal(20), asked(2), replied(21))).status).toBe('answered')
  })
})

/** nft prints the first bytes of what an error quotes: its id and its length say which reply it is. */
const nft = (id: string, from: string, to: string, words: string) =>
  [
    `trace id ${id} inet f fw packet: iif "${from}" oif "${to}" ${words}`,
    `trace id ${id} inet f fw policy accept `,
  ].join('\n')
const RULESET =
  'table inet f { # handle 1\n\tchain fw { # handle 1\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n'
const HEAD = 'ip dscp cs0 ip ecn not-ect ip ttl 63'
const REQUEST = `ip saddr ${CLIENT} ip daddr ${SERVER} ${HEAD} ip id 38833 ip protocol udp ip length 32 udp sport 40842 udp dport 53 udp length 12 @th,64,32 0x78787878 `
const REPLY = `ip saddr ${SERVER} ip daddr ${CLIENT} ${HEAD} ip id 47325 ip protocol udp ip length 32 udp sport 53 udp dport 40842 udp length 12 @th,64,32 0x78787878 `
const error = (quoted: string) =>
  `ip saddr ${CLIENT} ip daddr ${SERVER} ${HEAD} ip id 15880 ip protocol icmp ip length 60 icmp type destination-unreachable icmp code admin-prohibited icmp id 0 icmp sequence 0 @th,64,96 0x${quoted} `

test.each([
  ['that reply', '45000020b8dd40003f116ee9', 'reply-lost'],
  ['another packet', '45000020b8de40003f116ee9', 'answered'],
])('in nft’s trace the error quotes %s', async (_name, quoted, status) => {
  const trace = [nft('11', 'a', 'b', REQUEST), nft('22', 'b', 'a', REPLY), nft('33', 'a', 'b', error(quoted))].join(
    '\n',
  )
  const files = { 'trace.txt': `${trace}\n`, 'ruleset.nft': RULESET }
  const analysis = await open(Object.entries(files).map(([name, content]) => ({ name, text: content })))
  const { exchanges } = await analysis.exchanges()
  expect(exchanges.map((one) => one.status)).toEqual([status])
})
