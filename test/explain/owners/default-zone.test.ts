/** An interface that is in no zone of firewalld's is taken by the default one, which other interfaces have as well. */
import { expect, test } from 'vitest'
import { played, TO_ROUTER } from '../findings/played.ts'

const byHand = (...zones: string[]) => {
  const filter = [
    '-N INPUT_direct',
    '-A INPUT -j INPUT_direct',
    '-A INPUT -j INPUT_ZONES',
    '-A INPUT -j REJECT --reject-with icmp-host-prohibited',
    ...zones.map((one) => `-A INPUT_ZONES ${one}`),
    '-A IN_public -j IN_public_allow',
    '-A IN_public -j REJECT --reject-with icmp-host-prohibited',
    '-A IN_public_allow -p tcp -m tcp --dport 22 -j ACCEPT',
  ]
  const { findings } = played({ rules: { filter }, packet: TO_ROUTER })
  const [rejected] = findings.filter(({ code }) => code === 'rejected-by-rule')
  return rejected?.fix.find(({ edits, unverified }) => !edits && /netfilter change/.test(unverified ?? ''))?.description
}

const DEFAULT =
  'eth0 is in no zone, so the default zone public applies: add it to the zone it belongs to, firewall-cmd --permanent --zone=NAME --add-interface=eth0'
const SERVICE = 'change the zone or policy: '

test('it is to be added to a zone of its own, and the default one is not to be opened for all', () => {
  expect(byHand('-i eth1 -g IN_public', '-g IN_public')).toContain(DEFAULT)
})

test.each([
  ['the interface is in that zone', ['-i eth0 -g IN_public', '-i eth1 -g IN_public', '-g IN_public']],
  ['no interface has a zone', ['-g IN_public']],
  ['its source has chosen the zone', ['-i eth1 -g IN_public', '-s 10.0.1.0/24 -g IN_public', '-g IN_public']],
])('the zone is what is to be changed where %s', (_why, zones) => {
  expect(byHand(...zones)).toContain(SERVICE)
})
