/** Only one direction is tracked in a zone of its own, so each direction begins an entry: who asked is the one that came first. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const [CLIENT, HOST] = ['192.0.2.7', '192.0.2.1']
const RULES = `table ip zones {
	chain pre {
		type filter hook prerouting priority raw; policy accept;
		meta l4proto udp ct zone set 1 # handle 5
	}
}
table ip nat {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
	}

	chain in {
		type nat hook input priority srcnat; policy accept;
	}

	chain out {
		type nat hook output priority dstnat; policy accept;
	}
}
`
const STATE = {
  'ip-addr.txt':
    '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
  'conntrack.txt': `udp      17 26 src=${CLIENT} dst=${HOST} sport=40002 dport=53 [UNREPLIED] src=${HOST} dst=${CLIENT} sport=53 dport=40002 mark=0 zone=1 use=1
udp      17 26 src=${HOST} dst=${CLIENT} sport=53 dport=40002 [UNREPLIED] src=${CLIENT} dst=${HOST} sport=40002 dport=53 mark=0 use=1
`,
}

test('the first packet is the request, though the listing has an entry that it would answer', async () => {
  const asks = `iif "eth0" ip saddr ${CLIENT} ip daddr ${HOST} ip ttl 64 ip id 7 ip protocol udp ip length 60 udp sport 40002 udp dport 53 udp length 40`
  const answers = `oif "eth0" ip saddr ${HOST} ip daddr ${CLIENT} ip ttl 64 ip id 8 ip protocol udp ip length 60 udp sport 53 udp dport 40002 udp length 40`
  const trace = [
    `trace id 0000000a ip zones pre packet: ${asks}`,
    'trace id 0000000a ip zones pre rule meta l4proto udp ct zone set 1 # handle 5 (verdict continue)',
    'trace id 0000000a ip zones pre policy accept',
    `trace id 0000000a ip nat pre packet: ${asks}`,
    'trace id 0000000a ip nat pre policy accept',
    `trace id 0000000a ip nat in packet: ${asks}`,
    'trace id 0000000a ip nat in policy accept',
    `trace id 0000000b ip nat out packet: ${answers}`,
    'trace id 0000000b ip nat out policy accept',
  ].map((line) => `${line}\n`)
  const inputs = Object.entries({ 'rules.nft': RULES, 'trace.txt': trace.join(''), ...STATE })
  const { exchanges } = await (await open(inputs.map(([name, text]) => ({ name, text })))).exchanges()
  expect(exchanges.map(({ asked, status }) => [asked.src, asked.dport, status])).toEqual([[CLIENT, 53, 'answered']])
})
