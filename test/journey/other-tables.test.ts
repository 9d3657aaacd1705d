/** A trace of nft's beside other lists of rules: the same tables once more, and those of iptables-legacy. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/analysis/analysis.ts'
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

  it("numbers a packet by when it was marked: the error that REJECT sends is traced before the packet's rule", async () => {
    const rules = `table ip filter { # handle 1
	chain INPUT { # handle 1
		type filter hook input priority filter; policy accept;
		udp dport 1701 reject # handle 4
	}
	chain OUTPUT { # handle 2
		type filter hook output priority filter; policy accept;
		ip daddr 192.0.2.2 accept # handle 5
	}
}
`
    const request =
      'ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip ttl 64 ip id 7 ip protocol udp ip length 29 udp sport 40000 udp dport 1701'
    const error =
      'ip saddr 192.0.2.1 ip daddr 192.0.2.2 ip ttl 64 ip id 9 ip protocol icmp ip length 57 icmp type destination-unreachable icmp code port-unreachable'
    const marked = (id: number, chain: string, packet: string) =>
      `trace id ${id} inet nfwhy-1 ${chain} packet: ${packet}\ntrace id ${id} inet nfwhy-1 ${chain} policy accept\n`
    const trace =
      marked(1, 'prerouting', `iif "lan" ${request}`) +
      marked(2, 'output', `oif "lan" ${error}`) +
      `trace id 2 ip filter OUTPUT packet: oif "lan" ${error}
trace id 2 ip filter OUTPUT rule ip daddr 192.0.2.2 accept # handle 5 (verdict accept)
trace id 1 ip filter INPUT packet: iif "lan" ${request}
trace id 1 ip filter INPUT rule udp dport 1701 reject # handle 4 (verdict drop)
`
    const journeys = explainFile(trace, worldOf(OWN, rules)).journeys.map(({ id, packet }) => [id, packet.protocol])
    expect(journeys.sort()).toEqual([
      ['1', 'udp'],
      ['2', 'icmp'],
    ])
    const inputs = [OWN, rules, trace].map((text, i) => ({ name: `input ${i}`, text }))
    const { exchanges } = await (await open(inputs)).exchanges()
    expect(exchanges).toMatchObject([
      {
        id: '1',
        status: 'rejected',
        asked: { protocol: 'udp', sport: 40000, dport: 1701 },
        journeys: { errors: ['2'] },
      },
    ])
  })

  it('shows the way of a packet of a known flow by chains that mark nothing, where only nat has chains', () => {
    const rules = `table ip nat {
	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 8080 dnat to 198.51.100.2:80 # handle 3
	}
	chain POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
		masquerade # handle 4
	}
}
`
    const chain = (hook: string) =>
      `add chain inet nfwhy-1 ${hook} { type filter hook ${hook} priority -350; policy accept; }\n`
    const showing = OWN + chain('input') + chain('forward') + chain('postrouting')
    const at = (id: number, chain: string, ways: string, ends: string) =>
      `trace id ${id} inet nfwhy-1 ${chain} packet: ${ways} ${ends} ip ttl 64 ip id ${6 + id} ip protocol tcp ip length 60 tcp sport 40000 tcp dport`
    const policy = (id: number, chain: string) => `trace id ${id} inet nfwhy-1 ${chain} policy accept\n`
    const asked = 'ip saddr 192.0.2.2 ip daddr 192.0.2.1'
    const given = 'ip saddr 192.0.2.2 ip daddr 198.51.100.2'
    const later =
      `${at(1, 'prerouting', 'iif "lan"', asked)} 8080\n${policy(1, 'prerouting')}` +
      `${at(1, 'forward', 'iif "lan" oif "wan"', given)} 80\n${policy(1, 'forward')}` +
      `${at(1, 'postrouting', 'iif "lan" oif "wan"', given)} 80\n${policy(1, 'postrouting')}`
    const first =
      `${at(1, 'prerouting', 'iif "lan"', asked)} 8080\n${policy(1, 'prerouting')}` +
      `trace id 1 ip nat PREROUTING packet: iif "lan" ${asked} ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 8080
trace id 1 ip nat PREROUTING rule tcp dport 8080 dnat to 198.51.100.2:80 # handle 3 (verdict accept)
` +
      `${at(1, 'forward', 'iif "lan" oif "wan"', given)} 80\n${policy(1, 'forward')}`
    const told = (trace: string) =>
      explainFile(trace, worldOf(showing, rules)).journeys.map(({ id, outcome, basis, packet, steps }) => {
        return [id, outcome, basis, packet.dst, steps.map(({ hook }) => hook).join(' '), steps.at(-1)?.dst]
      })
    expect(told(later)).toEqual([
      ['1', 'forwarded', 'observed', '192.0.2.1', 'prerouting forward postrouting', '198.51.100.2'],
    ])
    expect(told(first)).toEqual([['1', 'undetermined', 'observed', '192.0.2.1', 'prerouting forward', '198.51.100.2']])
    // the packet came, and no chain behind showed it
    const lost = `${at(1, 'prerouting', 'iif "lan"', asked)} 8080\n${policy(1, 'prerouting')}`
    expect(told(lost)[0]![1]).not.toBe('forwarded')
  })
})
