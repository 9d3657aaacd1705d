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
    ...['public', 'home'].map((one) => `-A IN_${one} -j IN_${one}_allow`),
    '-A IN_home -j REJECT --reject-with icmp-host-prohibited',
    '-A IN_home_allow -p tcp -m tcp --dport 23 -j ACCEPT',
    '-A IN_public -j REJECT --reject-with icmp-host-prohibited',
    '-A IN_public_allow -p tcp -m tcp --dport 22 -j ACCEPT',
  ]
  return adviceOf(filter)
}

function adviceOf(filter: string[], packet = TO_ROUTER) {
  const { findings } = played({ rules: { filter }, packet })
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

test('a policy for packets of all zones is what is to be changed, whatever the zone', () => {
  const policy = ['-A IN_public -j INPUT_POLICIES_post', '-A INPUT_POLICIES_post -j IN_policy_deny']
  const filter = [
    ...['-N INPUT_direct', '-A INPUT -j INPUT_direct', '-A INPUT -j INPUT_ZONES'],
    ...['-A INPUT_ZONES -i eth1 -g IN_public', '-A INPUT_ZONES -g IN_public', ...policy],
    '-A IN_policy_deny -j REJECT --reject-with icmp-host-prohibited',
  ]
  expect(adviceOf(filter)).toContain(SERVICE)
})

test.each([
  ['a wildcard', ['-i eth+ -g IN_home', '-g IN_public'], SERVICE],
  ['a wildcard for others', ['-i wg+ -g IN_home', '-g IN_public'], DEFAULT],
])('%s of an interface is one', (_what, zones, advice) => {
  expect(byHand(...zones)).toContain(advice)
})

test('the zone has its name where the jump to it is to blame', () => {
  const zones = ['-A INPUT -j INPUT_ZONES', '-A INPUT_ZONES -i eth0 -g IN_drop', '-A INPUT_ZONES -g IN_public']
  const filter = ['-N INPUT_direct', '-A INPUT -j INPUT_direct', ...zones, '-A IN_drop -j DROP', '-A IN_public -j DROP']
  const { findings } = played({ rules: { filter }, packet: TO_ROUTER })
  const found = findings.find(({ code }) => code === 'dropped-by-rule')
  expect(found?.rules.map(({ chain }) => chain)).toContain('INPUT_ZONES')
  expect(found?.fix.map(({ description }) => description)[0]).toContain('--zone=drop --add-service')
})

test('the default zone is meant for the uplink, which is to be added to no other one', () => {
  const filter = [
    ...['-N INPUT_direct', '-A INPUT -j INPUT_direct', '-A INPUT -j INPUT_ZONES'],
    ...['-A INPUT_ZONES -i eth0 -g IN_home', '-A INPUT_ZONES -g IN_public', '-A IN_home -j IN_home_allow'],
    ...['-A IN_home_allow -p tcp -j ACCEPT', '-A IN_public -j REJECT --reject-with icmp-host-prohibited'],
  ]
  const fromUplink = { ...TO_ROUTER, in: 'eth1', src: '203.0.113.9', dst: '10.0.2.1' }
  expect(adviceOf(filter, fromUplink)).toContain(SERVICE)
})
