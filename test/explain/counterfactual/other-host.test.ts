/** Rules that let one host through, and it is another host than the packet's. */
import { expect, it } from 'vitest'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { type Case, findingsOf, played, told } from '../findings/played.ts'

const only = (rule: string): Case => ({
  rules: { filter: ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', rule] },
})
const notes = (one: Case) => findingsOf(played(one), 'near-miss').map(({ message }) => message)
const command = (one: Case) => told(one, 'near-miss')?.fix

it.each([
  ['-s 10.0.1.3/32', 'comes from 10.0.1.2'],
  ['-d 10.0.2.3/32 -i eth0 -p tcp', 'is for 10.0.2.2'],
  ['-d 10.0.2.3/32 -m conntrack --ctstate NEW', 'is for 10.0.2.2'],
  ['-s 10.0.1.3/32 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN', 'comes from 10.0.1.2'],
  ['-s 10.0.1.3/32 -m limit --limit 5/sec', 'comes from 10.0.1.2'],
  ['-s 10.0.1.3/32 -p tcp -m tcp --dport 1:65535', 'comes from 10.0.1.2'],
  ['-s 10.0.1.3/32 -p tcp -m tcp --sport 0:65535', 'comes from 10.0.1.2'],
])('leaves a rule for whatever another host asks as it is, which that host may need: %s', (match, but) => {
  const one = only(`[0:0] -A FORWARD ${match} -j ACCEPT`)
  expect(notes(one)).toEqual([expect.stringContaining(but)])
  expect(command(one)).toBeUndefined()
  expect(told(one, 'dropped-by-policy')?.fix).toMatch(/-p tcp --dport 80 -j ACCEPT → forwarded$/)
})

it('mends one for the service, which another host was to offer', () => {
  expect(command(only('[0:0] -A FORWARD -d 10.0.2.3/32 -p tcp -m tcp --dport 80 -j ACCEPT'))).toMatch(/ -R FORWARD 2 /)
})

it('mends one that matches nothing, as it is', () => {
  expect(command(only('[0:0] -A FORWARD -d 0.0.0.0/32 -p tcp -j ACCEPT'))).toMatch(/ -R FORWARD 2 -d 10\.0\.2\.2 /)
})

it('does so of nft and IPv6', () => {
  const headers =
    'ip6 saddr 2001:db8::2 ip6 daddr 2001:db8::1 ip6 hoplimit 64 ip6 nexthdr tcp tcp sport 40000 tcp dport 8080 tcp flags == syn'
  const lines = [`packet: iif "eth0" ${headers}`, 'policy drop ']
  const text = lines.map((line) => `trace id 0a0b0c0d inet filter input ${line}\n`).join('')
  const rules = (more: string) => `table inet filter {
\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\tip6 saddr 2001:db8::3 ${more}counter packets 0 bytes 0 accept # handle 3
\t}
}
`
  const fixes = (more: string) =>
    findingsOf(explainFile(text, worldOf(rules(more))).journeys[0]!, 'near-miss').map(({ fix }) => fix.length)
  expect(fixes('')).toEqual([0])
  expect(fixes('meta l4proto { tcp, udp } ')).toEqual([0])
  expect(fixes('tcp dport 8080 ')).toEqual([1])
})
