/** The reply's way as the page shows it. */
import { expect, test } from 'vitest'
import { firstOf, sessionOf } from './session-of.ts'

const FOLDER = 'fixtures/incidents/'

test('shows an echo reply whose request was not captured once', async () => {
  const { way, reply } = firstOf(await sessionOf(`${FOLDER}calico-icmp-log/reported.log`))
  expect(way.steps).not.toEqual([])
  expect(reply).toBeUndefined()
})

test('plays no good reply to a source that SNAT was to rewrite', async () => {
  const { reply, text } = firstOf(
    await sessionOf(
      'examples/openstack-snat/dmesg.log',
      'examples/openstack-snat/host/conntrack.txt',
      'examples/openstack-snat/host/ip-addr.json',
      'examples/openstack-snat/host/ip-route.json',
      'examples/openstack-snat/host/ip-rule.json',
      'examples/openstack-snat/host/ss-listening.txt',
      'examples/openstack-snat/host/sysctl.txt',
      'examples/openstack-snat/rules.v4',
    ),
  )
  expect(text).toContain('It left by br-ex as 10.0.0.4')
  expect(reply).toBeUndefined()
})
