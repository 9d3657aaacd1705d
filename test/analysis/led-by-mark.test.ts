/** A reply of this host is routed again by the mark of its connection, which the request got for another uplink than its own. */
import { expect, test } from 'vitest'
import { open, printCommand, printedExchange } from '../../src/index.ts'
import { ADDRESSES, ROUTES, RULES_OF_ROUTING } from './two-uplinks.ts'

const RULES = `table ip mw { # handle 1
	chain tunnel { # handle 1
		type filter hook prerouting priority mangle - 10; policy accept;
		iifname "eth0" meta mark set 0x00000001 # handle 4
	}

	chain pre { # handle 2
		type filter hook prerouting priority mangle; policy accept;
		ct mark set meta mark # handle 5
	}

	chain out { # handle 3
		type route hook output priority mangle; policy accept;
		meta mark set ct mark # handle 6
	}
}
`
const CONNTRACK =
  'tcp      6 58 SYN_RECV src=203.0.113.9 dst=192.0.2.1 sport=40000 dport=443 src=192.0.2.1 dst=203.0.113.9 sport=443 dport=40000 mark=1 use=1\n'
const head = (src: string, dst: string) =>
  `ip saddr ${src} ip daddr ${dst} ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip length 60`
const ASKS = `iif "eth0" ether saddr 02:00:00:00:00:02 ether daddr 02:00:00:00:00:01 ${head('203.0.113.9', '192.0.2.1')} tcp sport 40000 tcp dport 443 tcp flags == syn tcp window 64240`
const ANSWERS = `oif "eth0" ${head('192.0.2.1', '203.0.113.9')} tcp sport 443 tcp dport 40000 tcp flags == 0x12 tcp window 64240`
const TRACE = [
  `0000000a ip mw tunnel packet: ${ASKS}`,
  '0000000a ip mw tunnel rule iifname "eth0" meta mark set 0x00000001 # handle 4 (verdict continue)',
  '0000000a ip mw tunnel policy accept meta mark 0x00000001 ',
  `0000000a ip mw pre packet: ${ASKS}`,
  '0000000a ip mw pre rule ct mark set meta mark # handle 5 (verdict continue)',
  '0000000a ip mw pre policy accept meta mark 0x00000001 ',
  `0000000b ip mw out packet: ${ANSWERS}`,
  '0000000b ip mw out rule meta mark set ct mark # handle 6 (verdict continue)',
  '0000000b ip mw out policy accept meta mark 0x00000001 ',
]
  .map((line) => `trace id ${line}\n`)
  .join('')

async function told(routes = ROUTES) {
  const files = {
    'rules.nft': RULES,
    'trace.txt': TRACE,
    'conntrack.txt': CONNTRACK,
    'ip-addr.txt': ADDRESSES,
    'ip-route4.txt': routes,
    'ip-rule4.txt': RULES_OF_ROUTING,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return printedExchange(exchanges[0]!).findings.find(({ code }) => code === 'reply-by-other-uplink')
}

test('all three rules are named, and a command spares the reply', async () => {
  const found = await told()
  expect(found?.message).toContain(
    'ip mw out handle 6 gave the reply the mark of its connection, 0x1, which ip mw pre handle 5 had saved from the request: ip mw tunnel handle 4 had given it. Routing rule 100 leads that mark out of eth1.',
  )
  expect(found?.rules.map(({ handle }) => handle)).toEqual([4, 5, 6])
  expect(found?.fix[0]?.command && printCommand(found.fix[0].command)).toMatch(
    /^nft insert rule ip mw out handle 6 ip saddr 192\.0\.2\.1 ip daddr 203\.0\.113\.9 oifname '?"?eth0"?'? tcp sport 443 accept /,
  )
})

test('none does where the reply would leave there without the mark, too', async () => {
  const found = await told(
    ROUTES.replace('default via 192.0.2.254 dev eth0\n', 'default via 198.51.100.254 dev eth1\n'),
  )
  expect(found?.message).not.toContain('mark of its connection')
})
