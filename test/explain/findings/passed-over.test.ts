/** The saved rules accept the very packet that the trace shows dropped by the policy: they are not those that were in force. */
import { expect, test } from 'vitest'
import { open } from '../../../src/index.ts'

const PACKET =
  'iif "a" oif "b" ip saddr 192.0.2.7 ip daddr 198.51.100.9 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 38833 ip protocol tcp ip length 60 tcp sport 40842 tcp dport 80 tcp flags == syn tcp window 64240 '
const TRACE = `trace id 11 inet f fw packet: ${PACKET}\ntrace id 11 inet f fw policy drop \n`
const RULESET = (rule: string) =>
  `table inet f { # handle 1\n\tchain fw { # handle 1\n\t\ttype filter hook forward priority filter; policy drop;\n\t\t${rule} # handle 2\n\t}\n}\n`

async function messages(rule: string): Promise<string[]> {
  const analysis = await open([
    { name: 'trace.txt', text: TRACE },
    { name: 'ruleset.nft', text: RULESET(rule) },
  ])
  const { exchanges } = await analysis.exchanges()
  return exchanges.flatMap(({ findings }) =>
    findings.flatMap(({ code, message }) => (/^(ruleset-mismatch|dropped-by-policy)$/.test(code) ? [message] : [])),
  )
}

const NONE = ['No rule of inet f fw accepts it, and its policy is drop.']

test.each([
  'tcp dport 80 accept',
  'iifname "a" tcp dport { 80, 443 } accept',
  'ip saddr 192.0.2.0/24 counter drop',
  'accept',
])('ruleset and trace disagree about: %s', async (rule) => {
  expect(await messages(rule)).toEqual([
    'The policy of inet f fw is drop, and the trace shows that it dropped the packet.',
    'Ruleset and trace disagree: according to the ruleset, inet f fw handle 2 matches the packet, but the trace continues after this rule.',
  ])
})

test.each([
  'tcp dport 443 accept',
  'ct state established accept',
  'meta mark 0x1 accept',
  'tcp dport 80 limit rate 5/second accept',
  'tcp dport 80 fib daddr type local accept',
  'tcp dport 80 counter',
  'ip6 saddr ::/0 accept',
])('nothing disagrees where this may not have matched: %s', async (rule) => {
  expect(await messages(rule)).toEqual(NONE)
})
