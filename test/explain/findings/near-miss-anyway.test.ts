/** A rule that stopped a packet by a set of which the listing has less: no rule that it passed would have made a difference. */
import { expect, it } from 'vitest'
import { explainFile, worldOf } from '../../journey/journeys.ts'

it('is no rule behind which the packet would have gone on to where the rules at hand lead it anyway', () => {
  const rules = (elements: string) =>
    `table ip f {
	set banned {
		type ipv4_addr
		${elements}
	}
	chain jail {
		ip saddr 10.0.9.9 drop
	}
	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport 22 jump jail
		tcp dport 25 ip saddr @banned drop
	}
}
`
  const nft = (verdict: string) =>
    `trace id 1 ip f input packet: iif "eth0" ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip ttl 64 ip id 1 ip protocol tcp ip length 60 tcp sport 4000 tcp dport 25 tcp flags == syn
trace id 1 ip f input rule tcp dport 25 ip saddr @banned drop (verdict ${verdict})
`
  const codes = (elements: string) =>
    explainFile(nft('drop'), worldOf(rules(elements))).journeys[0]?.findings.map(({ code }) => code)
  // the ban has expired by the time of the listing
  expect(codes('')).not.toContain('near-miss')
  expect(codes('elements = { 10.0.1.2 }')).toContain('dropped-by-rule')
})
