/** A chain of type route marks a reply, so it leaves by another interface than OUTPUT's lines show: two uplinks, and each reply by the one where its request came in. */
import { expect, test } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { open } from '../../src/index.ts'
import { leftBy } from '../../src/model/way-out.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'
import { ADDRESSES, ROUTES, RULES_OF_ROUTING } from './two-uplinks.ts'

const RULES = `table inet mw { # handle 2
	chain pre { # handle 1
		type filter hook prerouting priority mangle; policy accept;
		iifname "eth1" ct mark set 0x00000001 # handle 4
	}

	chain out { # handle 2
		type route hook output priority mangle; policy accept;
		ct mark 0x00000001 meta mark set 0x00000001 # handle 5
	}

	chain fin { # handle 3
		type filter hook output priority filter; policy accept;
		ct state established accept # handle 6
	}
}
`
const ASKS =
  'iif "eth1" ether saddr 02:00:00:00:00:02 ether daddr 02:00:00:00:00:01 ip saddr 203.0.113.9 ip daddr 198.51.100.1 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip length 84 icmp type echo-request icmp code net-unreachable icmp id 6443 icmp sequence 1'
const ANSWERS =
  'oif "eth0" ip saddr 198.51.100.1 ip daddr 203.0.113.9 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 8 ip length 84 icmp type echo-reply icmp code net-unreachable icmp id 6443 icmp sequence 1'
/** As kernel 6 prints it: POSTROUTING has no chain, and `fin` still shows the interface that was chosen first. */
const TRACE = `trace id 0000000a inet mw pre packet: ${ASKS}
trace id 0000000a inet mw pre rule iifname "eth1" ct mark set 0x00000001 # handle 4 (verdict continue)
trace id 0000000a inet mw pre policy accept
trace id 0000000b inet mw out packet: ${ANSWERS}
trace id 0000000b inet mw out rule ct mark 0x00000001 meta mark set 0x00000001 # handle 5 (verdict continue)
trace id 0000000b inet mw out policy accept meta mark 0x00000001 
trace id 0000000b inet mw fin packet: ${ANSWERS}
trace id 0000000b inet mw fin rule ct state established accept # handle 6 (verdict accept)
`
const ALL = {
  'rules.nft': RULES,
  'trace.txt': TRACE,
  'ip-addr.txt': ADDRESSES,
  'ip-route4.txt': ROUTES,
  'ip-rule4.txt': RULES_OF_ROUTING,
}

async function told(files: Readonly<Record<string, string>>) {
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const { groups } = await analysis.groups({})
  const reply = groups.map((one) => printedGroup(one).journey).find(({ packet }) => packet.in === undefined)!
  return { exchange: exchanges[0]!, reply }
}

const codes = ({ exchange }: Awaited<ReturnType<typeof told>>) => exchange.findings.map(({ code }) => code)

test('a reply leaves by the interface that its mark leads to: nothing is said against it', async () => {
  const found = await told(ALL)
  expect(found.exchange.status).toBe('answered')
  expect(codes(found)).not.toContain('reply-by-other-uplink')
  expect(found.reply.steps.at(-1)).toMatchObject({ out: 'eth0', changes: [{ field: 'out', from: 'eth0', to: 'eth1' }] })
  expect(leftBy(found.reply.steps)).toBe('eth1')
})

test('without the routing rule it leaves by the other uplink, as OUTPUT shows', async () => {
  const found = await told({ ...ALL, 'ip-rule4.txt': RULES_OF_ROUTING.replace(/100:.*\n/, '') })
  expect(codes(found)).toContain('reply-by-other-uplink')
  expect(leftBy(found.reply.steps)).toBe('eth0')
})

test('where the routes are not known, neither is its way', async () => {
  const { 'ip-route4.txt': _, 'ip-rule4.txt': __, ...less } = ALL
  const found = await told(less)
  expect(leftBy(found.reply.steps)).toBeUndefined()
  expect(found.exchange.status).toBe('undetermined')
  expect(codes(found)).not.toContain('reply-by-other-uplink')
})

/** A datagram of this host's own, which the chain marks as well. */
const sent = (dst: string, sport = 40_001) => {
  const head = `oif "eth0" ip saddr 192.0.2.1 ip daddr ${dst} ip ttl 64 ip id 9 ip protocol udp ip length 60 udp sport ${sport} udp dport 5001 udp length 40`
  return `trace id 0000000c inet mw out packet: ${head}
trace id 0000000c inet mw out rule ip saddr 192.0.2.1 meta mark set 0x00000001 # handle 7 (verdict continue)
trace id 0000000c inet mw out policy accept meta mark 0x00000001
`
}
const MARKING = RULES.replace(
  'ct mark 0x00000001 meta mark set 0x00000001 # handle 5',
  '$&\n\t\tip saddr 192.0.2.1 meta mark set 0x00000001 # handle 7',
)
const wayOf = async (dst: string, more: Readonly<Record<string, string>> = {}) => {
  const { reply } = await told({ ...ALL, 'rules.nft': MARKING, 'trace.txt': sent(dst), ...more })
  return leftBy(reply.steps)
}

test.each(['239.1.1.1', '255.255.255.255'])('what goes to %s leaves by the interface of its source', async (dst) => {
  expect(await wayOf('203.0.113.9')).toBe('eth1')
  expect(await wayOf(dst)).toBe('eth0')
})

test('a socket that is bound to an interface keeps that', async () => {
  const socket = (device: string) =>
    `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nudp   UNCONN 0      0      0.0.0.0${device}:40001    0.0.0.0:*\n`
  expect(await wayOf('203.0.113.9', { 'sockets.txt': socket('') })).toBe('eth1')
  expect(await wayOf('203.0.113.9', { 'sockets.txt': socket('%eth0') })).not.toBe('eth1')
})

test('no rule of routing is said to lead a reply back that comes behind the one for its mark', async () => {
  const back = (mark: string) => RULES.replace('ct mark 0x00000001 meta mark set 0x00000001', mark)
  // asked at eth0's address, and led out of eth1
  const files = {
    ...ALL,
    'rules.nft': back('ip saddr 198.51.100.1 meta mark set 0x00000002'),
    'trace.txt': TRACE.replace(
      'ct mark 0x00000001 meta mark set 0x00000001',
      'ip saddr 198.51.100.1 meta mark set 0x00000002',
    ).replace('policy accept meta mark 0x00000001', 'policy accept meta mark 0x00000002'),
    'ip-route4.txt': `${ROUTES}default via 192.0.2.254 dev eth0 table 200\n`,
  }
  const rules = (priority: number) =>
    RULES_OF_ROUTING.replace(/100:.*\n/, `${priority}:\tfrom all fwmark 0x2 lookup 200\n`)
  const fixes = async (priority: number) => {
    const { exchange } = await told({ ...files, 'ip-rule4.txt': rules(priority) })
    const found = exchange.findings.find(({ code }) => code === 'reply-by-other-uplink')
    expect(found?.message).toContain('its reply leaves by eth0')
    return found!.fix
      .flatMap((fix) => String(fixCommands(fix).command ?? ''))
      .filter((one) => one.includes('ip rule add'))
  }
  expect(await fixes(32_765)).toEqual([])
})

test('nor is it without the ruleset, where any chain may be of type route', async () => {
  const found = await told({ 'trace.txt': TRACE })
  expect(leftBy(found.reply.steps)).toBeUndefined()
  expect(found.exchange.status).toBe('undetermined')
  const unmarked = TRACE.replace('policy accept meta mark 0x00000001', 'policy accept').replace(
    ' meta mark set 0x00000001',
    '',
  )
  expect(leftBy((await told({ 'trace.txt': unmarked })).reply.steps)).toBe('eth0')
})
