/** A router's own rules drop its solicitation for the next hop of what it forwards: the request is lost, whatever would stop the reply. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'

const RULES = `table ip6 zones {
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "lan" oifname "dmz" accept # handle 4
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "dmz" drop # handle 5
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "dmz" drop # handle 6
  }
}
`
const ADDRESSES = `2: lan    inet6 2001:db8:1::1/64 scope global
3: dmz    inet6 2001:db8:2::1/64 scope global
`
const ROUTES = `2001:db8:1::/64 dev lan proto kernel metric 256 pref medium
2001:db8:2::/64 dev dmz proto kernel metric 256 pref medium
2001:db8:3::/64 via 2001:db8:2::fe dev dmz metric 1024 pref medium
`

const event = (id: string, chain: string, header: string, end: string) =>
  `trace id ${id} ip6 zones ${chain} packet: ${header}\ntrace id ${id} ip6 zones ${chain} ${end}\n`
const asks = (dst: string) =>
  event(
    '0000000a',
    'forward',
    `iif "lan" oif "dmz" ip6 saddr 2001:db8:1::10 ip6 daddr ${dst} ip6 hoplimit 63 ip6 length 40 tcp sport 40000 tcp dport 443 tcp flags == syn tcp window 64240`,
    'rule iifname "lan" oifname "dmz" accept # handle 4 (verdict accept)',
  )
const solicits = (group: string) =>
  event(
    '0000000b',
    'output',
    `oif "dmz" ip6 saddr fe80::1 ip6 daddr ${group} ip6 hoplimit 255 ip6 length 32 icmpv6 type nd-neighbor-solicit icmpv6 code 0`,
    'rule oifname "dmz" drop # handle 6 (verdict drop)',
  )

async function told(dst: string, group: string, more: Readonly<Record<string, string>> = {}) {
  const files = { 'rules.nft': RULES, 'trace.txt': asks(dst) + solicits(group), ADDRESSES, ROUTES, ...more }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const exchange = exchanges.find(({ asked }) => asked.protocol === 'tcp')
  const { groups } = await analysis.groups({})
  const own = groups.map(printedGroup).find((one) => one.exchanges?.worst.id === exchange?.id)
  return { status: exchange?.status, first: own?.journey.findings[0]?.message }
}

test('says so first, of a neighbour and of a gateway', async () => {
  const lost = {
    status: 'lost',
    first:
      'Neighbour discovery fails on this host: a neighbour solicitation from fe80::1 (#2) was dropped by ip6 zones output handle 6.',
  }
  expect(await told('2001:db8:2::80', 'ff02::1:ff00:80')).toEqual(lost)
  expect(await told('2001:db8:3::80', 'ff02::1:ff00:fe')).toEqual(lost)
})

test('says nothing of it where another address was asked for', async () => {
  const { status, first } = await told('2001:db8:2::80', 'ff02::1:ff00:81')
  expect(status).toBe('reply-lost')
  expect(first).not.toContain('Neighbour discovery fails')
})

const HOP = '2001:db8:2::80'
const GROUP = 'ff02::1:ff00:80'

test('says nothing of it where this host checks a link address that it has, and sent the request there', async () => {
  const checked = await told(HOP, HOP)
  expect(checked.status).toBe('reply-lost')
  expect(checked.first).not.toContain('Neighbour discovery fails')
})

test.each(['REACHABLE', 'STALE', 'PERMANENT'])(
  'says nothing of it where the next hop has its link address (%s): the group is of other addresses as well',
  async (state) => {
    const neighbours = `${HOP} dev dmz lladdr 02:00:00:00:00:80 ${state}\n`
    const { status, first } = await told(HOP, GROUP, { neighbours })
    expect(status).toBe('reply-lost')
    expect(first).not.toContain('Neighbour discovery fails')
  },
)

test('says it where the next hop is listed without its link address', async () => {
  expect((await told(HOP, GROUP, { neighbours: `${HOP} dev dmz FAILED\n` })).status).toBe('lost')
})

test('says nothing of it where connection tracking has seen a reply', async () => {
  const ends = `src=2001:db8:1::10 dst=${HOP} sport=40000 dport=443 src=${HOP} dst=2001:db8:1::10 sport=443 dport=40000`
  const entry = `ipv6     10 tcp      6 59 SYN_RECV ${ends} mark=0 use=1\n`
  expect((await told(HOP, GROUP, { entry })).status).not.toBe('lost')
})
