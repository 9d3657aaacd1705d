/** One packet, told by iptables-legacy's trace and by nft's. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const CLIENT = '192.0.2.7'
const HOST = '192.0.2.1'

test('what the other backend tells of a packet decides, where one ends at its chains', async () => {
  const legacy =
    '*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
  const nft = `table inet fw { # handle 1
	chain pre { # handle 1
		type filter hook prerouting priority -350; policy accept;
	}
}
`
  const packet = `packet: iif "eth0" ip saddr ${CLIENT} ip daddr ${HOST} ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 1 ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240`
  const trail = `trace id 00000001 inet fw pre ${packet}\ntrace id 00000001 inet fw pre policy accept\n`
  const analysis = await open([
    {
      name: 'trace.log',
      text: ['raw:PREROUTING:policy:1', 'filter:INPUT:policy:1']
        .map(
          (at) =>
            `[   10.000000] ${trace(at, { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 80, seq: 5 })}\n`,
        )
        .join(''),
    },
    { name: 'trace.txt', text: trail },
    { name: 'iptables-legacy.rules', text: legacy },
    { name: 'ruleset.nft', text: nft },
  ])
  const { exchanges } = await analysis.exchanges()
  expect(exchanges).toMatchObject([
    { status: 'dropped', journeys: { request: ['1', '2'] }, culprit: { chain: 'INPUT' } },
  ])
})

test('the side that knows how the request ended tells the exchange', async () => {
  const legacy =
    '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j TRACE\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n'
  const chain = (name: string, hook: string, priority: number, policy: string) =>
    `\tchain ${name} { # handle 1\n\t\ttype filter hook ${hook} priority ${priority}; policy ${policy};\n\t}\n`
  const nft = `table inet tracing { # handle 1\n${chain('pre', 'prerouting', -350, 'accept')}}\ntable ip filter { # handle 2\n${chain('INPUT', 'input', 0, 'drop')}}\n`
  const packet = `packet: iif "eth0" ip saddr ${CLIENT} ip daddr ${HOST} ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 1 ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240`
  const ends = `trace id 00000001 ip filter INPUT ${packet}\ntrace id 00000001 ip filter INPUT policy drop\n`
  const asked = { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 80, seq: 5 }
  const files = {
    'trace.log': `[   10.000000] ${trace('raw:PREROUTING:policy:2', asked)}\n`,
    'trace.txt': `trace id 00000001 inet tracing pre ${packet}\ntrace id 00000001 inet tracing pre policy accept\n${ends}`,
    'iptables-legacy.rules': legacy,
    'ruleset.nft': nft,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups } = await analysis.groups()
  expect(groups.map(({ journey, exchanges }) => [journey.outcome, exchanges?.worst.status])).toEqual([
    ['dropped', 'dropped'],
    ['undetermined', undefined],
  ])
})

const LEGACY =
  '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j TRACE\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n'
const ASKED = { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 80, seq: 5 }
const POINTS = ['raw:PREROUTING:policy:2', 'filter:INPUT:policy:2']

const row = (prefix: string, i: number) =>
  JSON.stringify({
    ...{ 'oob.prefix': prefix, 'oob.time.sec': 10, 'oob.time.usec': i, 'oob.hook': i, 'oob.family': 2 },
    ...{ 'oob.in': 'eth0', 'oob.out': '', src_ip: CLIENT, dest_ip: HOST, 'ip.protocol': 6, 'ip.totlen': 60 },
    ...{ 'ip.id': 1, src_port: 40_000, dest_port: 80, 'tcp.syn': 1, 'tcp.seq': 5 },
  })

/** What is said, where nft's trace is beside that line of another capture. */
async function saidBeside(policy: string, ...lines: string[]): Promise<string> {
  const packet = `packet: iif "eth0" ip saddr ${CLIENT} ip daddr ${HOST} ip id 1 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240`
  const files = {
    trace: `${lines.join('\n')}\n`,
    'trace.txt': `trace id 00000001 ip fw INPUT ${packet}\ntrace id 00000001 ip fw INPUT policy ${policy}\n`,
    'iptables-legacy.rules': LEGACY,
    'ruleset.nft': `table ip fw { # handle 1\n\tchain INPUT { # handle 1\n\t\ttype filter hook input priority 0; policy ${policy};\n\t}\n}\n`,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups } = await analysis.groups()
  expect(groups).toHaveLength(2)
  return groups.flatMap(({ journey }) => journey.findings.map(({ message }) => message)).join('\n')
}

test.each([
  ['the log', POINTS.map((point) => `[   10.000000] ${trace(point, ASKED)}`)],
  ['NFLOG', POINTS.map((point, i) => row(`TRACE: ${point} `, i))],
])('what the other trace shows is not said to be unseen, whether %s has that', async (_by, lines) => {
  for (const policy of ['drop', 'accept']) {
    const said = await saidBeside(policy, ...lines)
    expect(said).toContain('is a separate journey')
    expect(said).not.toContain('The capture does not show')
  }
})

test.each([
  ['the log', `[   10.000000] ${trace('', ASKED).replace('TRACE: ', 'web: ')}`],
  ['NFLOG', row('web: ', 1)],
])('no other trace is said to be where rules alone write to %s', async (_by, line) => {
  const said = await saidBeside('accept', line)
  expect(said).toContain('The capture does not show')
  expect(said).not.toContain('is a separate journey')
})
