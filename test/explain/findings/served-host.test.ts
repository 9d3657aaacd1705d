/** A map has lost the element that says where a packet goes, and another rule accepts the service for one host. */
import { expect, it } from 'vitest'
import { printedFix } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { printed } from '../../printed.ts'
import { ROUTER } from '../../simulate/world.ts'

const HEADERS =
  'ip saddr 10.0.2.1 ip daddr 172.29.1.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol udp ip length 60 udp sport 40000 udp dport 53 udp length 40 udp checksum 0 '
const TRACE = ['nat-out', 'out']
  .flatMap((chain) => [
    `trace id 0a0b0c0d ip local ${chain} packet: oif "eth1" ${HEADERS}`,
    `trace id 0a0b0c0d ip local ${chain} policy ${chain === 'out' ? 'drop' : 'accept'} `,
  ])
  .join('\n')

const fixes = (...accepts: string[]) => {
  const out = accepts.map((one, i) => `\t\t${one} udp dport 53 accept # handle ${14 + i}`).join('\n')
  const rules = `table ip local {
\tmap virtual {
\t\ttype inet_service : ipv4_addr
\t\telements = { 3306 : 10.0.2.8 }
\t}
\tchain nat-out {
\t\ttype nat hook output priority -100; policy accept;
\t\tip daddr 172.29.1.1 dnat to udp dport map @virtual # handle 6
\t}
\tchain out {
\t\ttype filter hook output priority filter; policy drop;
${out}
\t}
}
`
  const { findings } = explainFile(`${TRACE}\n`, { ...worldOf(rules), host: ROUTER }).journeys[0]!
  const missing = findings.find(({ code }) => code === 'not-in-set')
  return missing?.fix.map((one) => JSON.stringify(printed(printedFix(one))))
}

it('gives the missing element the one host that a rule accepts the service for', () => {
  expect(fixes('ip daddr 10.0.2.9')?.join()).toContain('add element ip local virtual { 53 : 10.0.2.9 }')
})

it('does not choose among several hosts', () => {
  expect(fixes('ip daddr 10.0.2.9', 'ip daddr 10.0.2.8')?.join() ?? '').not.toContain('10.0.2')
})
