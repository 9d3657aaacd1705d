/** Whose socket sent a packet only the trace tells: what the rule for it does, routing included, is so in what is played again, too. */
import { expect, test } from 'vitest'
import { open, printedExchange } from '../../src/index.ts'
import { ADDRESSES, ROUTES, RULES_OF_ROUTING } from './two-uplinks.ts'

const RULES = `table ip own { # handle 1
	chain out { # handle 1
		type route hook output priority mangle; policy accept;
		meta skuid 1000 meta mark set 0x00000001 # handle 3
	}

	chain post { # handle 2
		type filter hook postrouting priority mangle; policy accept;
	}
}
`
const line = (chain: string, what: string) => `trace id 0000000a ip own ${chain} ${what}\n`
const packet = (out: string) =>
  `packet: oif "${out}" ip saddr 192.0.2.1 ip daddr 203.0.113.9 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip length 60 tcp sport 40000 tcp dport 443 tcp flags == syn tcp window 64240`
const TRACE = [
  line('out', packet('eth0')),
  line('out', 'rule meta skuid 1000 meta mark set 0x00000001 # handle 3 (verdict continue)'),
  line('out', 'policy accept meta mark 0x00000001'),
  line('post', packet('eth1')),
  line('post', 'policy accept meta mark 0x00000001'),
].join('')

async function told(filter: number) {
  const files = {
    'rules.nft': RULES,
    'trace.txt': TRACE,
    'ip-addr.txt': ADDRESSES,
    'ip-route4.txt': ROUTES,
    'ip-rule4.txt': RULES_OF_ROUTING,
    'sysctl.txt': ['all', 'eth0', 'eth1'].map((name) => `net.ipv4.conf.${name}.rp_filter = ${filter}\n`).join(''),
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return printedExchange(exchanges[0]!)
}

test('the reply is played where the mark has led the packet', async () => {
  const { status, findings } = await told(1)
  expect(status).toBe('reply-lost')
  expect(findings[0]!.message).toContain('it came in on eth1, but the route back to 203.0.113.9 leaves by eth0')
})

test('and gets back there without a filter', async () => {
  expect((await told(0)).status).toBe('undetermined')
})
