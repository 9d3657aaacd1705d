import { expect, it } from 'vitest'
import { explainFile, worldOf } from '../../journey/journeys.ts'

const HEADERS =
  'iif "lan" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 22 '
const trace = (rule: string, handle = '') => `trace id 1 inet t input packet: ${HEADERS}
trace id 1 inet t input rule ${rule}${handle} (verdict accept)
`
const world = (rule: string) =>
  worldOf(`table inet t { # handle 1
	chain input { # handle 1
		type filter hook input priority filter; policy drop;
		${rule} # handle 4
		${rule} # handle 5
	}
}
`)
const codes = (rule: string, handle?: string) => {
  const { journeys } = explainFile(trace(rule, handle), world(rule))
  const [journey] = journeys
  return { codes: journey!.findings.map(({ code }) => code), number: journey!.steps[0]!.ruleNumber }
}

it('is told of rules that hang on chance', () => {
  const found = codes('limit rate 5/second accept')
  expect(found.codes).toContain('ambiguous-rule')
  expect(found.number).toBeUndefined()
})

it('is not told where a handle names the rule, nor where the first of them must have matched', () => {
  expect(codes('limit rate 5/second accept', ' # handle 5')).toMatchObject({ number: 2 })
  expect(codes('limit rate 5/second accept', ' # handle 5').codes).not.toContain('ambiguous-rule')
  expect(codes('tcp dport 22 accept')).toMatchObject({ number: 1 })
  expect(codes('tcp dport 22 accept').codes).not.toContain('ambiguous-rule')
})
