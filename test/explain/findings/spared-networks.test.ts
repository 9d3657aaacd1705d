/** Networks that nat leaves alone among themselves, as those of a cluster's nodes or of a cloud. */
import { expect, test } from 'vitest'
import { played, SYN } from './played.ts'

const codes = (nat: string[], packet = SYN) =>
  played({ rules: { nat, filter: [] }, packet }).findings.map(({ code }) => code)

const MASQUERADE = '-A POSTROUTING -o eth1 -j MASQUERADE'
const POD = { ...SYN, dst: '10.0.8.7' }

test('what goes from one of them to another by a router is meant to keep its source', () => {
  expect(codes([`-A POSTROUTING -d 10.0.8.0/24 -j RETURN`, MASQUERADE], POD)).toContain('snat-skipped')
  expect(codes(['-A POSTROUTING -s 10.0.1.0/24 -d 10.0.0.0/16 -j RETURN', MASQUERADE], POD)).not.toContain(
    'snat-skipped',
  )
  // beside this host nobody knows the way back to another network
  expect(codes(['-A POSTROUTING -d 10.0.0.0/16 -j RETURN', MASQUERADE])).toContain('snat-skipped')
})

test('the default route leads to what is spared together with this host', () => {
  const packet = { ...SYN, in: 'eth1', src: '198.51.100.7', dst: '10.0.2.1', dport: 30_080 }
  const dnat = '-A PREROUTING -p tcp -m tcp --dport 30080 -j DNAT --to-destination 10.77.3.4:80'
  expect(codes([dnat], packet)).toContain('wrong-way-out')
  expect(codes([dnat, '-A POSTROUTING -d 10.77.0.0/16 -j RETURN'], packet)).toContain('wrong-way-out')
  expect(codes([dnat, '-A POSTROUTING -d 10.0.0.0/8 -j RETURN'], packet)).not.toContain('wrong-way-out')
})
