/** ICMP errors of other hosts and routers about packets that passed here. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Exchange, type Journey, open } from '../../src/index.ts'

interface Told {
  exchanges: readonly Exchange[]
  journeys: readonly Journey[]
}

async function told(files: Record<string, string>): Promise<Told> {
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const journeys: Journey[] = []
  for await (const one of analysis.journeys()) journeys.push(one)
  return { exchanges, journeys }
}

function fixtureOf(...folders: string[]): Record<string, string> {
  const files: Record<string, string> = {}
  for (const folder of folders)
    for (const name of readdirSync(`fixtures/findings/${folder}`))
      files[name] = readFileSync(join('fixtures/findings', folder, name), 'utf8')
  return files
}

test('a router says that the TTL was used up: it is named, and the rule that had set the TTL', async () => {
  const files = fixtureOf('router', 'ttl-too-small')
  const { exchanges, journeys } = await told(files)
  expect(exchanges[0]).toMatchObject({ status: 'lost' })
  expect(exchanges[0]?.findings[0]).toMatchObject({
    code: 'ttl-too-small',
    rules: [{ chain: 'POSTROUTING', ruleNumber: 1 }],
  })
  expect(journeys[1]?.findings[0]?.message).toBe('203.0.113.1 replies "time exceeded" to packets for 198.51.100.8:443.')
})

test('a TTL with which it gets some way is told where a router complains, and not where nobody does', async () => {
  const files = fixtureOf('router', 'ttl-too-small')
  const longer = {
    ...files,
    'rules.v4': files['rules.v4']!.replace('--ttl-set 1', '--ttl-set 3'),
    'dmesg.log': files['dmesg.log']!.replaceAll('TTL=1 ', 'TTL=3 '),
  }
  const found = async (one: Record<string, string>) =>
    (await told(one)).exchanges[0]?.findings
      .filter(({ code }) => code === 'ttl-too-small')
      .map(({ message }) => message)
  expect(await found(longer)).toEqual([
    'mangle POSTROUTING rule 1 lowered its TTL from 63 to 3. Each router on the way reduces it by 1.',
  ])
  const alone = longer['dmesg.log']
    .split('\n')
    .filter((line) => !line.includes('PROTO=ICMP'))
    .join('\n')
  expect(await found({ ...longer, 'dmesg.log': alone })).toEqual([])
})

test.each([
  [
    'TYPE=3 CODE=1',
    'host unreachable',
    'a firewall there rejects the packet, or that host forwards it to an address that it cannot reach',
  ],
  ['TYPE=3 CODE=10', 'host prohibited', 'a firewall rejects the packet, there or on a host that it forwards to'],
  [
    'TYPE=3 CODE=2',
    'protocol unreachable',
    'no program takes this protocol, or a firewall rejects the packet, there or on a host that it forwards to',
  ],
])('whoever was asked says %s itself: it is up, and no router is to be looked at', async (type, says, why) => {
  const files = fixtureOf('router', 'ttl-too-small')
  const log = files['dmesg.log']!.replaceAll('SRC=203.0.113.1 ', 'SRC=198.51.100.8 ').replaceAll('TYPE=11 CODE=0', type)
  const { exchanges, journeys } = await told({ ...files, 'dmesg.log': log })
  expect(exchanges[0]?.status).toBe('refused')
  const [finding] = journeys[1]!.findings
  expect(finding?.message).toBe(
    `198.51.100.8 replies "${says}" to packets for 198.51.100.8:443. 198.51.100.8 is up: ${why}.`,
  )
  expect(finding?.fix[0]?.description).toContain("does that host's firewall accept it?")
})

test('whose TTL is used up at the very address that was asked is forwarded from there, and no firewall says so', async () => {
  const files = fixtureOf('router', 'ttl-too-small')
  const log = files['dmesg.log']!.replaceAll('SRC=203.0.113.1 ', 'SRC=198.51.100.8 ')
  const { journeys } = await told({ ...files, 'dmesg.log': log })
  const [finding] = journeys[1]!.findings
  expect(finding?.message).toBe(
    '198.51.100.8 replies "time exceeded" to packets for 198.51.100.8:443. 198.51.100.8 is up: it forwards the packet, whose TTL is used up there or further on.',
  )
  expect(finding?.fix[0]?.description).toContain('small TTL')
})

const ADDRESSES =
  '2: eth0    inet 10.236.1.5/24 brd 10.236.1.255 scope global eth0\n3: eth1    inet 10.236.2.5/24 brd 10.236.2.255 scope global eth1\n'
const ROUTES = 'default via 10.236.1.1 dev eth0\n10.236.1.0/24 dev eth0\n10.236.2.0/24 dev eth1\n'
const RULESET = `table inet filter {
	chain input { # handle 1
		type filter hook input priority filter; policy accept;
	}
	chain output { # handle 2
		type filter hook output priority filter; policy accept;
	}
}
`
const through = (id: string, chain: string, packet: string) =>
  `trace id ${id} inet filter ${chain} packet: ${packet}\ntrace id ${id} inet filter ${chain} policy accept \n`
const TRACE = [
  through(
    '11111111',
    'input',
    'iif "eth1" ip saddr 203.0.113.9 ip daddr 10.236.2.5 ip ttl 63 ip id 7 ip protocol udp ip length 32 udp sport 40003 udp dport 37',
  ),
  through(
    '22222222',
    'output',
    'oif "eth0" ip saddr 10.236.1.5 ip daddr 203.0.113.9 ip ttl 64 ip id 8 ip protocol udp ip length 32 udp sport 37 udp dport 40003',
  ),
  through(
    '33333333',
    'input',
    'iif "eth0" ip saddr 203.0.113.9 ip daddr 10.236.1.5 ip ttl 63 ip id 9 ip protocol icmp ip length 60 icmp type destination-unreachable icmp code port-unreachable',
  ),
].join('')
const CONNTRACK =
  'udp 17 28 src=10.236.1.5 dst=203.0.113.9 sport=37 dport=40003 [UNREPLIED] src=203.0.113.9 dst=10.236.1.5 sport=40003 dport=37 mark=0 use=1\n'
const SOCKETS =
  'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nudp   UNCONN 0      0            0.0.0.0:37        0.0.0.0:*\n'

test('a client refuses a reply from an address that it never asked: nothing there is to be checked, and no filter of the path', async () => {
  const { exchanges, journeys } = await told({
    ...{ 'trace.txt': TRACE, 'ruleset.nft': RULESET, 'ip-addr.txt': ADDRESSES, 'ip-route.txt': ROUTES },
    ...{ 'conntrack.txt': CONNTRACK, 'sockets.txt': SOCKETS },
  })
  expect(exchanges[0]?.status).toBe('reply-lost')
  const codes = exchanges[0]?.findings.map(({ code }) => code)
  expect(codes?.[0]).toBe('reply-from-other-address')
  expect(codes).not.toContain('reply-by-other-uplink')
  const about = journeys[2]?.findings.find(({ code }) => code === 'refused-there')
  expect(about).toMatchObject({
    severity: 'note',
    message:
      '203.0.113.9 replies "port unreachable" to a reply: no program at 203.0.113.9:40003 accepts it from 10.236.1.5:37.',
    fix: [],
  })
})
