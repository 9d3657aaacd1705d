import { expect, it } from 'vitest'
import { familyByAddresses, familyByWords } from '../../../src/read/rulesets/iptables-evidence.ts'

it.each([
  ['-A POSTROUTING -j SNPT --src-pfx fd00:1::/64 --dst-pfx 2001:db8:1::/64', 'ip6'],
  ['-A FORWARD -m conntrack --ctorigdst 2001:db8::1 -j ACCEPT', 'ip6'],
  ['-A FORWARD -m conntrack --ctorigdst 192.0.2.1 -j ACCEPT', 'ip'],
  ['-A INPUT -m policy --dir in --pol ipsec --tunnel-src 192.0.2.1 -j ACCEPT', 'ip'],
  ['-A INPUT -m conntrack --ctorigdstport 80 -j ACCEPT', undefined],
])('the addresses of "%s" are of family %s', (line, family) => {
  expect(familyByAddresses([line])).toBe(family)
})

it.each([
  ['-A PREROUTING -j HL --hl-inc 1', 'ip6'],
  ['-A PREROUTING -j TTL --ttl-inc 1', 'ip'],
  ['-A INPUT -m eui64 -j ACCEPT', 'ip6'],
  ['-A INPUT -m realm --realm 2 -j ACCEPT', 'ip'],
  ['-A PREROUTING -p icmp -j TTLS', undefined],
  ['-A FORWARD -p tcp -j ECN --ecn-tcp-remove', 'ip'],
  // user-defined chains, which may be called so where the other family has the target
  ['-A INPUT -p tcp -j ULOG', undefined],
  ['-A INPUT -p tcp -j HL', undefined],
])('the words of "%s" are of family %s', (line, family) => {
  expect(familyByWords([line])).toBe(family)
})
