/** nft's payload statement on a reply: by what it writes, the reply is for somebody else. As Linux 6.18 and nft 1.0.6 trace it. */
import { expect, test } from 'vitest'
import { type Exchange, fixCommands, open, printCommand } from '../../src/index.ts'

const rules = (write: string) => `table inet clock { # handle 1
	chain replies { # handle 1
		type filter hook prerouting priority raw; policy accept;
		${write} # handle 2
	}
}
table inet router { # handle 2
	chain forward { # handle 1
		type filter hook forward priority filter; policy drop;
		ct state established,related accept # handle 2
		iifname "lan" oifname "wan" accept # handle 3
	}
	chain postrouting { # handle 4
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan" masquerade # handle 5
	}
}
`

const lines = (id: string, by: string, chain: string, packet: string, ...events: string[]) => [
  `trace id ${id} inet ${chain} packet: ${by} ${packet} ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip protocol udp ip length 60`,
  ...events.map((event) => `trace id ${id} inet ${chain} ${event}`),
]
const udp = (src: string, sport: number, dst: string, dport: number) => {
  const [from, to] = [`ip saddr ${src} ip daddr ${dst}`, `udp sport ${sport} udp dport ${dport} udp length 40`]
  return (line: string) => line.replace('ADDRESSES', from).replace('ip length 60', `ip length 60 ${to}`)
}

const ADDRESSES = `2: wan    inet 203.0.113.1/24 scope global wan\\       valid_lft forever preferred_lft forever
3: lan    inet 192.168.1.1/24 scope global lan\\       valid_lft forever preferred_lft forever
`
const OUT = 'iif "lan" oif "wan"'

/** Asked by 192.168.1.10:40003. The reply comes for `came`, and goes on to `went`. */
function traced(write: string, came: number, went: number): string {
  const asked = udp('192.168.1.10', 40_003, '203.0.113.9', 123)
  const back = (dport: number, dst = '203.0.113.1') => udp('203.0.113.9', 123, dst, dport)
  const through = (id: string, by: string, rule: string) =>
    lines(id, by, 'router forward', 'ADDRESSES', `rule ${rule} (verdict accept)`)
  return [
    ...lines('a1', 'iif "lan"', 'clock replies', 'ADDRESSES', 'policy accept ').map(asked),
    ...through('a1', OUT, 'iifname "lan" oifname "wan" accept # handle 3').map(asked),
    ...lines(
      'a1',
      OUT,
      'router postrouting',
      'ADDRESSES',
      'rule oifname "wan" masquerade # handle 5 (verdict accept)',
    ).map(asked),
    ...lines('b2', 'iif "wan"', 'first prerouting', 'ADDRESSES', 'policy accept ').map(back(came)),
    ...lines('b2', 'iif "wan"', 'clock replies', 'ADDRESSES', `rule ${write} # handle 2 (verdict continue)`).map(
      back(went),
    ),
    'trace id b2 inet clock replies policy accept ',
    ...through('b2', 'iif "wan" oif "lan"', 'ct state established,related accept # handle 2').map(
      back(went, '192.168.1.10'),
    ),
    '',
  ].join('\n')
}

async function told(trace: string, ruleset: string): Promise<Exchange | undefined> {
  const files = { 'trace.txt': trace, ADDRESSES, 'ruleset.nft': ruleset }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges.find(({ asked }) => asked.sport === 40_003)
}

const WRITE = 'iifname "wan" udp sport 123 udp dport set 123'

test('a reply into which a rule writes another port is no answer, and the rule is named', async () => {
  const exchange = await told(traced(WRITE, 40_003, 123), rules(WRITE))
  expect(exchange?.status).toBe('reply-lost')
  const [first] = exchange?.findings ?? []
  expect(first?.code).toBe('reply-to-other-port')
  expect(first?.message).toContain(
    'inet clock replies handle 2 changes the destination port of the reply: it was sent to 203.0.113.1:40003 and is then for 192.168.1.10:123, but 192.168.1.10:40003 waits for it.',
  )
  expect(first?.rules[0]).toMatchObject({ chain: 'replies', handle: 2 })
  expect(first?.fix).toHaveLength(1)
})

test('what is written back to the port that asked is one', async () => {
  const undo = 'iifname "wan" udp sport 123 udp dport set 40003'
  expect((await told(traced(undo, 123, 40_003), rules(undo)))?.status).not.toBe('reply-lost')
  // a mark is none of its headers
  const mark = 'iifname "wan" udp sport 123 meta mark set 0x7b'
  expect((await told(traced(mark, 40_003, 40_003), rules(mark)))?.status).toBe('answered')
})

const BACK = 'iif "wan" oif "lan"'
const REPLY = (dport: number, dst = '203.0.113.1') => udp('203.0.113.9', 123, dst, dport)
const ASKED = udp('192.168.1.10', 40_003, '203.0.113.9', 123)

test('what the last rule of its way makes of its port is unknown', async () => {
  const back = 'udp dport 5001 udp dport set 40003 accept'
  const write = 'iifname "wan" udp sport 123 udp dport set 5001'
  const chain = (name: string, hook: string, priority: number, rule: string) =>
    `\tchain ${name} {\n\t\ttype filter hook ${hook} priority ${priority}; policy accept;\n\t\t${rule} # handle 2\n\t}\n`
  const trace = [
    ...lines('a1', 'iif "lan"', 'clock replies', 'ADDRESSES', 'policy accept ').map(ASKED),
    ...lines('a1', OUT, 'clock sends', 'ADDRESSES', 'policy accept ').map(ASKED),
    ...lines('b2', 'iif "wan"', 'clock replies', 'ADDRESSES', `rule ${write} # handle 2 (verdict continue)`).map(
      REPLY(40_003, '192.168.1.10'),
    ),
    'trace id b2 inet clock replies policy accept ',
    ...lines('b2', BACK, 'clock sends', 'ADDRESSES', `rule ${back} # handle 2 (verdict accept)`).map(
      REPLY(5001, '192.168.1.10'),
    ),
    '',
  ].join('\n')
  const ruleset = `table inet clock {\n${chain('replies', 'prerouting', -300, write)}${chain('sends', 'postrouting', 300, back)}}\n`
  expect((await told(trace, ruleset))?.status).toBe('answered')
})

/** The request is first seen behind nat, which has given it the port that the reply comes for. */
test('a request that was seen behind nat alone does not tell which port waits', async () => {
  const write = 'iifname "wan" udp sport 123 udp dport set 40003'
  const last =
    'table inet last {\n\tchain post {\n\t\ttype filter hook postrouting priority 300; policy accept;\n\t}\n}\n'
  const trace = [
    ...lines('a1', OUT, 'last post', 'ADDRESSES', 'policy accept ').map(udp('203.0.113.1', 40_003, '203.0.113.9', 123)),
    ...lines('b2', 'iif "wan"', 'clock replies', 'ADDRESSES', `rule ${write} # handle 2 (verdict continue)`).map(
      REPLY(40_003),
    ),
    'trace id b2 inet clock replies policy accept ',
    ...lines('b2', BACK, 'last post', 'ADDRESSES', 'policy accept ').map(REPLY(5001, '192.168.1.10')),
    '',
  ].join('\n')
  expect((await told(trace, rules(write) + last))?.status).not.toBe('reply-lost')
})

test('behind connection tracking no more is accepted than replies', async () => {
  const ruleset = `table inet fw {
	chain forward {
		type filter hook forward priority filter; policy drop;
		${WRITE} # handle 2
		ct state established,related accept # handle 3
		iifname "lan" accept # handle 4
	}
	chain post {
		type filter hook postrouting priority 300; policy accept;
	}
}
`
  const trace = [
    ...lines('a1', OUT, 'fw forward', 'ADDRESSES', 'rule iifname "lan" accept # handle 4 (verdict accept)').map(ASKED),
    ...lines('a1', OUT, 'fw post', 'ADDRESSES', 'policy accept ').map(ASKED),
    ...lines('b2', BACK, 'fw forward', 'ADDRESSES', `rule ${WRITE} # handle 2 (verdict continue)`).map(
      REPLY(40_003, '192.168.1.10'),
    ),
    'trace id b2 inet fw forward rule ct state established,related accept # handle 3 (verdict accept)',
    ...lines('b2', BACK, 'fw post', 'ADDRESSES', 'policy accept ').map(REPLY(123, '192.168.1.10')),
    '',
  ].join('\n')
  const exchange = await told(trace, ruleset)
  expect(exchange?.status).toBe('reply-lost')
  const { command } = fixCommands(exchange!.findings[0]!.fix[0]!)
  expect(printCommand(command!)).toContain('ct state established,related accept')
})
