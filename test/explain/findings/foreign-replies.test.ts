/** A list of whom to let in, in front of all filters, drops the replies that this host has asked for. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'

const ruleset = (priority: string, elements: string) => `table ip6 geo-filter { # handle 1
	set filter-set { # handle 2
		type ipv6_addr
		flags interval
		elements = { ${elements} }
	}

	chain filter-chain { # handle 1
		type filter hook prerouting priority ${priority}; policy accept;
		ip6 saddr @filter-set accept # handle 3
		counter packets 2 bytes 160 drop # handle 6
	}
}
`
const ADDRESSES =
  '[{"ifindex":2,"ifname":"eth0","flags":["UP"],"operstate":"UP","addr_info":[{"family":"inet6","local":"2001:db8:1::1","prefixlen":64,"scope":"global"}]}]'
const TRACE = `trace id 7 ip6 geo-filter filter-chain packet: iif "eth0" ether saddr 16:e3:81:0b:e6:5e ether daddr 56:ee:0a:23:f1:84 ip6 saddr 2001:db8:9::9 ip6 daddr 2001:db8:1::1 ip6 dscp cs0 ip6 ecn not-ect ip6 hoplimit 64 ip6 flowlabel 0 ip6 nexthdr tcp ip6 length 40 tcp sport 80 tcp dport 40003 tcp flags == 0x12 tcp window 64260
trace id 7 ip6 geo-filter filter-chain rule counter packets 2 bytes 160 drop # handle 6 (verdict drop)
`
const explained = (priority: string, elements: string) =>
  explainFile(TRACE, worldOf(ruleset(priority, elements), ADDRESSES)).journeys[0]!.findings
const commands = (...given: Parameters<typeof explained>) =>
  explained(...given).flatMap(({ fix }) => fix.map((one) => `${fixCommands(one).command}`))

const HOME = '2001:db8:1::/64'

describe('a reply that a list of sources drops', () => {
  it('is accepted as a reply, behind connection tracking', () => {
    expect(commands('-190', HOME)).toContain(
      'nft insert rule ip6 geo-filter filter-chain handle 6 ct state established,related accept comment nfwhy-answers-6',
    )
    expect(commands('-300', HOME).join()).not.toContain('established')
  })

  it('is not let in by its destination: that all have that come in, and the list would let in everybody', () => {
    expect(commands('-190', HOME).join('\n')).not.toContain('daddr @filter-set')
    expect(
      explained('-190', HOME)
        .map(({ message }) => message)
        .join(),
    ).not.toContain('(ip6 daddr)')
    expect(commands('-190', '2001:db8:1::1').join('\n')).not.toContain('daddr @filter-set')
  })
})
