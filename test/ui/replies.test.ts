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
  const openstack = `${FOLDER}openstack-snat/reported`
  const { reply, text } = firstOf(await sessionOf(`${openstack}.log`, `${openstack}.rules`))
  expect(text).toContain('It left by br-ex with its source 10.0.0.4')
  expect(reply).toBeUndefined()
})
