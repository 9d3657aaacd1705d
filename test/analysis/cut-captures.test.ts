/** Captures that end in the midst of a line, as a copy or a full disk leaves them: nothing more is said than was before. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type Input, open } from '../../src/index.ts'

const encoder = new TextEncoder()

/** What came of each request, as `tcp 10.0.0.1:40000 > 10.0.0.2:80`. */
async function statuses(inputs: Input[]): Promise<Map<string, string>> {
  const { exchanges } = await (await open(inputs)).exchanges()
  return new Map(
    exchanges.map(({ asked: { protocol, src, sport, dst, dport }, status }) => [
      `${protocol} ${src}:${sport} > ${dst}:${dport}`,
      status,
    ]),
  )
}

/** Requests of which a shorter capture says something that the whole one does not. */
async function toldFalsely(capture: Uint8Array, beside: Input[], step: number): Promise<string[]> {
  const whole = await statuses([{ name: 'capture', bytes: capture }, ...beside])
  expect(whole.size).toBeGreaterThan(0)
  const wrong: string[] = []
  for (let cut = capture.length >> 1; cut < capture.length; cut += step) {
    const told = await statuses([{ name: 'capture', bytes: capture.subarray(0, cut) }, ...beside])
    for (const [request, status] of told)
      if (status !== 'undetermined' && status !== whole.get(request)) wrong.push(`${cut}: ${request} ${status}`)
  }
  return wrong
}

const file = (name: string): Input => ({ name, bytes: readFileSync(name) })
const folder = (name: string): Input[] => readdirSync(name).map((one) => file(`${name}/${one}`))

it('of the kernel log', async () => {
  const example = 'examples/firewalld-port-forward'
  const beside = [file(`${example}/rules.v4`), ...folder(`${example}/host`)]
  expect(await toldFalsely(readFileSync(`${example}/dmesg.log`), beside, 41)).toEqual([])
})

it('of nft', async () => {
  const rules = `table inet fw {
	chain early { # handle 1
		type filter hook prerouting priority raw; policy accept;
		ip saddr 10.0.0.9 drop # handle 2
	}
	chain input { # handle 3
		type filter hook input priority filter; policy accept;
		tcp dport 80 counter packets 1 bytes 60 drop # handle 4
	}
}
`
  const packet =
    'packet: iif "eth0" ip saddr 10.0.0.2 ip daddr 10.0.0.1 ip ttl 64 ip id 77 ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240 '
  const lines = [
    `early ${packet}`,
    'early verdict continue ',
    'early policy accept ',
    `input ${packet}`,
    'input rule tcp dport 80 counter packets 1 bytes 60 drop (verdict drop)',
  ]
  const capture = encoder.encode(lines.map((line) => `trace id 7d1c33e1 inet fw ${line}\n`).join(''))
  expect(await toldFalsely(capture, [{ name: 'rules.nft', text: rules }, ...HOST], 1)).toEqual([])
})

const HOST: Input[] = [
  {
    name: 'ip-addr.txt',
    text: '2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
  },
  {
    name: 'ip-route4.txt',
    text: '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\nlocal 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1\n',
  },
]

const RULES: Input = {
  name: 'rules.v4',
  text: `*raw
:PREROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
-A INPUT -s 10.0.0.9/32 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j DROP
COMMIT
`,
}
const WAYS = ['raw:PREROUTING:policy:1', 'filter:INPUT:rule:2']

it('of ulogd', async () => {
  const rows = WAYS.map((way, i) =>
    JSON.stringify({
      'oob.prefix': `TRACE: ${way} `,
      'oob.time.sec': 1_700_000_000,
      'oob.time.usec': 10 * i,
      'oob.in': 'eth0',
      ...{ 'ip.protocol': 6, 'ip.id': 77, 'ip.totlen': 60, 'ip.ttl': 64 },
      ...{ src_port: 40_000, dest_port: 80, 'tcp.syn': 1, 'tcp.ack': 0, src_ip: '10.0.0.2', dest_ip: '10.0.0.1' },
    }),
  )
  expect(await toldFalsely(encoder.encode(`${rows.join('\n')}\n`), [RULES], 3)).toEqual([])
})

it('of a table of tshark', async () => {
  const rows = WAYS.map((way, i) => `170000000${i}.5,TRACE: ${way} ,eth0,10.0.0.2,10.0.0.1,6,77,40000,80,0x002`)
  const titles =
    'frame.time_epoch,nflog.prefix,nflog.ifindex_indev,ip.src,ip.dst,ip.proto,ip.id,tcp.srcport,tcp.dstport,tcp.flags'
  expect(await toldFalsely(encoder.encode(`${[titles, ...rows].join('\n')}\n`), [RULES], 3)).toEqual([])
})

it('tells of a lone row that is cut as well', async () => {
  const text =
    '[\n  {"_source": {"layers": {"nflog.prefix": "TRACE: filter:INPUT:rule:2 ", "ip.src": "10.0.0.2", "ip.dst": "10.0.0.1"'
  for (const lone of [text.replaceAll('\n', ''), text]) {
    const { ending } = await (await open([{ name: 'capture.json', text: lone }, RULES])).exchanges()
    expect(ending.warnings.map(({ code }) => code)).toContain('row-cut')
  }
})

it('says that lines are missing where conntrack lists the connection that the packet begins', async () => {
  const log = (sport: number) =>
    `[  100.0000${sport % 100}] TRACE: raw:PREROUTING:policy:1 IN=eth0 OUT= MAC= SRC=10.0.0.2 DST=10.0.0.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${sport} DF PROTO=TCP SPT=${sport} DPT=22 SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 `
  const text = `${[40_001, 40_002].map((sport) => log(sport)).join('\n')}\n`
  const entry =
    'tcp 6 117 SYN_SENT src=10.0.0.2 dst=10.0.0.1 sport=40001 dport=22 [UNREPLIED] src=10.0.0.1 dst=10.0.0.2 sport=22 dport=40001 mark=0 use=1\n'
  const outcome = async (...more: Input[]) => {
    const outcomes: string[] = []
    for await (const one of (await open([{ name: 'trace.log', text }, RULES, ...HOST, ...more])).journeys())
      outcomes.push(one.outcome)
    return outcomes[0]
  }
  expect(await outcome()).toBe('vanished')
  expect(await outcome({ name: 'conntrack.txt', text: entry })).toBe('undetermined')
})
