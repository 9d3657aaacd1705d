/** nft's trace says "accept" of whatever nat rewrites; what the rule did is told by the rule. */
import { expect, it } from 'vitest'
import { explainFile, worldOf } from '../journey/journeys.ts'

const RULES = `table ip gateway { # handle 1
	chain forward { # handle 1
		type filter hook forward priority filter; policy accept;
	}
	chain postrouting { # handle 2
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan" masquerade # handle 3
	}
}
`
const packet = (chain: string) =>
  `trace id 11112222 ip gateway ${chain} packet: iif "lan" oif "wan" ip saddr 10.0.0.2 ip daddr 203.0.113.9 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip protocol tcp ip length 60 tcp sport 40001 tcp dport 80 tcp flags == syn tcp window 64240\n`
const begin = `${packet('forward')}trace id 11112222 ip gateway forward policy accept\n${packet('postrouting')}`

const findings = (trace: string) =>
  explainFile(begin + trace, worldOf(RULES)).journeys.map((one) => one.findings.map(({ code }) => code))

it('a packet that was masqueraded has not left with its private source', () => {
  const rule = 'trace id 11112222 ip gateway postrouting rule oifname "wan" masquerade # handle 3 (verdict accept)\n'
  expect(findings(rule)).toEqual([expect.not.arrayContaining(['not-masqueraded'])])
})

it('one that met no such rule has', () => {
  const policy = 'trace id 11112222 ip gateway postrouting policy accept\n'
  expect(findings(policy)).toEqual([expect.arrayContaining(['not-masqueraded'])])
})
