/** Traces of nft show no options of TCP: whatever the rules ask of these, the trace alone has told. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'

const RULES = `table inet fw {
	chain early {
		type filter hook input priority raw; policy accept;
		meta nftrace set 1
		tcp flags syn tcp option maxseg size 1-536 drop # handle 3
	}
	chain input {
		type filter hook input priority filter; policy accept;
	}
}
`
const PACKET =
  'iif "eth0" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40001 tcp dport 80 tcp flags == syn tcp window 65392'
const TRACE = `trace id 0000002a inet fw early packet: ${PACKET}
trace id 0000002a inet fw early rule meta nftrace set 1 (verdict continue)
trace id 0000002a inet fw early rule tcp flags syn tcp option maxseg size 1-536 drop (verdict drop)
`
const ADDRESSES = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    inet 192.0.2.1/24 scope global eth0
`
const ROUTES = '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\n'
const SOCKETS = 'LISTEN 0 128 0.0.0.0:80 0.0.0.0:*\n'

it('a rule that asks for the segment size has dropped it, and what accepts it is tried', async () => {
  const files = {
    'rules.nft': RULES,
    'trace.txt': TRACE,
    'ip-addr.txt': ADDRESSES,
    'ip-route.txt': ROUTES,
    'ss.txt': SOCKETS,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups } = await analysis.groups()
  const { outcome, findings } = groups[0]!.journey
  expect(outcome).toBe('dropped')
  const [fix] = findings.flatMap((one) => one.fix).filter(({ edits }) => edits)
  expect(fix).toMatchObject({ verified: 'model', after: 'delivered' })
})
