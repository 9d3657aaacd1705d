/** A trace of nft's beside other lists of rules: the same tables once more, and those of iptables-legacy. */
import { describe, expect, it } from 'vitest'
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

it('but where both are traced, another journey of the packet tells', () => {
  const told = (tracedBoth: boolean) =>
    explainFile(TRACE, { ...worldOf(NFT, SAVED('security')), tracedBoth }).journeys[0]!.findings.map(
      ({ code, severity, message, fix }) => [code, severity, /a separate journey/.test(message), fix.length],
    )
  expect(told(false)).toContainEqual(['mixed-backends', 'warning', false, 1])
  expect(told(true)).toContainEqual(['mixed-backends', 'note', true, 0])
})

describe("a session's own table", () => {
  const OWN = `add table inet nfwhy-1 { flags owner; }
add chain inet nfwhy-1 prerouting { type filter hook prerouting priority -350; policy accept; }
add rule inet nfwhy-1 prerouting meta nftrace set 1
add chain inet nfwhy-1 output { type filter hook output priority -350; policy accept; }
add rule inet nfwhy-1 output meta nftrace set 1
`
  const RULES = `table inet f {
	chain o {
		type filter hook output priority filter; policy accept;
	}
}
`
  const headers =
    'ip saddr 127.0.0.1 ip daddr 127.0.0.1 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 22'
  const own = (
    id: number,
    chain: string,
    device: string,
  ) => `trace id ${id} inet nfwhy-1 ${chain} packet: ${device} ${headers}
trace id ${id} inet nfwhy-1 ${chain} rule meta nftrace set 1 # handle 3 (verdict continue)
trace id ${id} inet nfwhy-1 ${chain} policy accept
`
  const rule = `trace id 1 inet f o packet: oif "lo" ${headers}
trace id 1 inet f o policy accept
`
  const back = own(2, 'prerouting', 'iif "lo"')

  it('misses nothing of a packet over lo, which it tells of as it is sent', () => {
    for (const [trace, ...rules] of [
      [own(1, 'output', 'oif "lo"') + back],
      [own(1, 'output', 'oif "lo"') + rule + back, RULES],
    ]) {
      const { journeys } = explainFile(trace!, worldOf(OWN, ...rules))
      expect(journeys.map(({ outcome, basis }) => `${outcome} ${basis}`)).toEqual(['delivered inferred'])
      expect(journeys[0]!.findings.map(({ code }) => code)).not.toContain('lost-events')
    }
  })
})
