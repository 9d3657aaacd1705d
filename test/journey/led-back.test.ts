/** nat in OUTPUT makes this host the destination: the packet comes in again over lo, and nft's trace gives it another id. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const rules = (does: string) => `table inet p {
	chain pre {
		type filter hook prerouting priority raw; policy accept;
	}
	chain out {
		type nat hook output priority -100; policy accept;
		meta l4proto tcp ${does} # handle 3
	}
}
`
const REST =
  'ip6 hoplimit 64 ip6 flowlabel 67202 ip6 nexthdr tcp ip6 length 40 tcp dport PORT tcp flags == syn tcp window 64800'
const sent = (
  does: string,
) => `trace id 1 inet p out packet: oif "eth0" ip6 saddr 2001:db8::1 ip6 daddr 2001:db8::2 tcp sport 40001 ${REST.replace('PORT', '80')}
trace id 1 inet p out rule meta l4proto tcp ${does} # handle 3 (verdict accept)
`
const back = (sport: number, src = '2001:db8::1', dst = '::1', port = 15001) =>
  `trace id 2 inet p pre packet: iif "lo" ip6 saddr ${src} ip6 daddr ${dst} tcp sport ${sport} ${REST.replace('PORT', String(port))}
trace id 2 inet p pre policy accept
`

async function told(trace: string, does = 'redirect to :15001') {
  const analysis = await open([
    { name: 'rules.nft', text: rules(does) },
    {
      name: 'addresses',
      text: '1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever\n2: eth0    inet6 2001:db8::1/64 scope global \\       valid_lft forever preferred_lft forever\n',
    },
    { name: 'trace.txt', text: trace },
  ])
  const found: string[] = []
  for await (const { outcome, steps } of analysis.journeys())
    found.push(`${outcome} ${steps.length} ${steps.at(-1)!.dst}`)
  return found
}

test('is one journey', async () => {
  expect(await told(sent('redirect to :15001') + back(40_001))).toEqual(['delivered 2 ::1'])
})

test.each([
  ['another port sent it', back(40_002)],
  ['another host did', back(40_001, '2001:db8::7')],
])('is another packet where %s', async (_name, next) => {
  expect(await told(sent('redirect to :15001') + next)).toHaveLength(2)
})

test('is not told to have left where only nat shows it', async () => {
  const [first] = await told(sent('redirect to :15001'))
  expect(first).toMatch(/^(delivered|undetermined) /)
})

const ERROR =
  'ip6 saddr 2001:db8::1 ip6 daddr 2001:db8::1 ip6 hoplimit 64 ip6 flowlabel 7 ip6 nexthdr ipv6-icmp ip6 length 88 icmpv6 type destination-unreachable icmpv6 code admin-prohibited icmpv6 parameter-problem 0'

test('takes up an ICMP error over lo behind a line of the packet that it is about', async () => {
  const trace = `trace id 1 inet p out packet: oif "eth0" ip6 saddr 2001:db8::1 ip6 daddr 2001:db8::2 tcp sport 40001 ${REST.replace('PORT', '80')}
trace id 2 inet p out packet: oif "lo" ${ERROR}
trace id 2 inet p out policy accept
trace id 1 inet p out rule meta l4proto tcp drop # handle 3 (verdict drop)
trace id 3 inet p pre packet: iif "lo" ${ERROR}
trace id 3 inet p pre policy accept
`
  expect(await told(trace, 'drop')).toEqual(['dropped 1 2001:db8::2', 'delivered 2 2001:db8::1'])
})
