/** A trace of nft's beside other lists of rules: the same tables once more, and those of iptables-legacy. */
import { expect, it } from 'vitest'
import { explainFile, worldOf } from './journeys.ts'

const TRACE = `trace id 1 ip filter INPUT packet: iif "lan" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 22
trace id 1 ip filter INPUT rule tcp dport 22 counter packets 3 bytes 180 accept # handle 4 (verdict accept)
trace id 2 ip filter INPUT packet: iif "lan" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip id 8 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 23
trace id 2 ip filter INPUT policy drop
`
const NFT = `table ip filter { # handle 1
	chain INPUT { # handle 1
		type filter hook input priority filter; policy drop;
		tcp dport 22 counter packets 9 bytes 540 accept # handle 4
	}
}
`
const SAVED = (table: string) => `*${table}
:INPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`
const outcomes = (...texts: string[]) => explainFile(TRACE, worldOf(...texts)).journeys.map(({ outcome }) => outcome)

it('one table in two lists is one table', () => {
  expect(outcomes(NFT)).toEqual(['delivered', 'dropped'])
  expect(outcomes(SAVED('filter'))).toEqual(['delivered', 'dropped'])
  expect(outcomes(NFT, SAVED('filter'))).toEqual(['delivered', 'dropped'])
})

it('what a table of iptables-legacy does behind it is not known', () => {
  expect(outcomes(NFT, SAVED('security'))).toEqual(['undetermined', 'dropped'])
})
