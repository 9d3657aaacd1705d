/** What nft executed of rules that its trace does not print, for one of their conditions failed. */
import { describe, expect, it } from 'vitest'
import { explainFile, worldOf } from './journeys.ts'

const RULES = `table inet t {
	chain web { # handle 1
		ip daddr 127.0.0.1 counter packets 1 bytes 29 # handle 3
		meta mark set 0x00000006 tcp dport 80 drop # handle 4
	}
	chain quiet { # handle 12
		meta mark set 0x00000005 tcp dport 80 drop # handle 13
	}
	chain c { # handle 2
		type filter hook output priority filter; policy accept;
		udp dport 5001 counter packets 1 bytes 29 # handle 5
		meta mark set 0x00000007 tcp dport 80 drop # handle 6
		ip daddr 127.0.0.1 counter packets 1 bytes 29 # handle 7
		meta mark set 0x00000009 meta mark 0x00000009 jump web # handle 8
		udp dport 5001 counter packets 1 bytes 29 jump quiet # handle 11
		udp dport 5002 meta mark set 0x00000003 tcp dport 80 drop # handle 9
		meta mark MARK drop # handle 10
	}
}
`
const PACKET =
  'oif "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 47912 ip protocol udp ip length 29 udp sport 37009 udp dport 5001 udp length 9 @th,64,8 0x78'
const line = (chain: string, text: string) => `trace id 59d23587 inet t ${chain} ${text}`
const traceOf = (mark: string) =>
  `${[
    line('c', `packet: ${PACKET} `),
    line('c', 'rule udp dport 5001 counter packets 0 bytes 0 (verdict continue)'),
    line('c', 'rule ip daddr 127.0.0.1 counter packets 0 bytes 0 (verdict continue)'),
    line('c', 'rule meta mark set 0x00000009 meta mark 0x00000009 jump web (verdict jump web)'),
    line('web', 'rule ip daddr 127.0.0.1 counter packets 0 bytes 0 (verdict continue)'),
    line('c', 'rule udp dport 5001 counter packets 0 bytes 0 jump quiet (verdict jump quiet)'),
    line('c', `rule meta mark ${mark} drop (verdict drop)`),
  ].join('\n')}\n`

/** The causes of the drop by that mark: who, and what it did. */
function causes(mark: string): string[] {
  const { journeys, told } = explainFile(traceOf(mark), worldOf(RULES.replace('MARK', mark)))
  expect(told).toEqual([])
  expect(journeys[0]!.findings.map(({ code }) => code)).not.toContain('ruleset-mismatch')
  return journeys[0]!.cause.map(({ rule, text }) => `${rule.handle} ${text}`)
}

describe('a rule without a line', () => {
  it('is the one that set the mark, on the way out of a chain as well', () => {
    expect(causes('0x00000006')).toEqual([
      '10 drops it: the mark is 0x6',
      '4 set that mark, although a later condition of the same rule failed',
    ])
  })

  it('may stand in a chain of which nothing is printed', () => {
    expect(causes('0x00000005')).toContain('13 set that mark, although a later condition of the same rule failed')
  })

  it('is not blamed for a mark that a condition in front of it kept it from setting, or that it does not set', () => {
    expect(causes('0x00000003').some((one) => one.startsWith('9 '))).toBe(false)
    expect(causes('0x00000003').some((one) => one.startsWith('4 '))).toBe(false)
  })
})

it('a rule that matched what it had written itself does not contradict the trace', () => {
  const rules = `table inet t {
	chain early { # handle 1
		type filter hook output priority -10; policy accept;
	}
	chain c { # handle 2
		type filter hook output priority filter; policy accept;
		meta mark set 0x00000009 meta mark 0x00000009 drop # handle 8
	}
}
`
  const trace = [
    line('early', `packet: ${PACKET} `),
    line('early', 'policy accept meta mark 0x00000001 '),
    line('c', 'rule meta mark set 0x00000009 meta mark 0x00000009 drop (verdict drop)'),
  ].join('\n')
  const { journeys } = explainFile(`${trace}\n`, worldOf(rules))
  const { steps, findings } = journeys[0]!
  expect(steps.map(({ mark }) => mark).at(-1)).toBe(1)
  expect(findings.map(({ code }) => code)).not.toContain('ruleset-mismatch')
})

it('the mark is not known where such a rule may have written it', () => {
  const rules = `table inet t {
	chain early { # handle 1
		type filter hook output priority -10; policy accept;
	}
	chain c { # handle 2
		type filter hook output priority filter; policy accept;
		ip daddr 127.0.0.1 counter packets 1 bytes 29 # handle 7
		meta mark set 0x00000009 tcp dport 80 drop # handle 8
		udp dport 5001 drop # handle 9
	}
}
`
  const trace = [
    line('early', `packet: ${PACKET} `),
    line('early', 'policy accept meta mark 0x00000001 '),
    line('c', 'rule ip daddr 127.0.0.1 counter packets 0 bytes 0 (verdict continue)'),
    line('c', 'rule udp dport 5001 drop (verdict drop)'),
  ].join('\n')
  const { journeys } = explainFile(`${trace}\n`, worldOf(rules))
  expect(journeys[0]!.steps.map(({ mark }) => mark)).toEqual([1, 1, undefined])
})

it('a near miss may have statements among its conditions', () => {
  const rules = `table inet t {
	chain c { # handle 1
		type filter hook output priority filter; policy drop;
		udp dport 5002 meta mark set 0x00000003 ip daddr 127.0.0.1 accept # handle 2
		meta mark set 0x00000004 udp dport 5003 accept # handle 3
	}
}
`
  const trace = `${line('c', `packet: ${PACKET} `)}\n${line('c', 'policy drop ')}\n`
  const { journeys } = explainFile(trace, worldOf(rules))
  const [journey] = journeys
  expect(journey!.outcome).toBe('dropped')
  expect(journey!.findings.map(({ code }) => code)).toContain('near-miss')
})
