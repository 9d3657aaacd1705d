/** Which tables of iptables-legacy decide nothing, as the real tools and kernel tell; with dash and with BusyBox alone. */
import { describe, expect, test } from 'vitest'
import { prepare } from '../../../src/live/session.ts'
import { survey } from '../../../src/live/survey/facts.ts'
import { parseVia } from '../../../src/live/trace-host.ts'
import { TestPlace, whyNoPlace } from '../lab/place.ts'

const missing = whyNoPlace()
const noBusybox = missing ?? whyNoPlace('busybox')

describe.skipIf(missing)(`iptables-legacy that decides nothing${missing ? `: ${missing}` : ''}`, () => {
  test.for([
    ['none', '', []],
    ['asked for once', 'iptables-legacy -L; ip6tables-legacy -t nat -L', ['ip filter', 'ip6 nat']],
    ['a chain that nobody jumps to', 'iptables-legacy -N OWN', ['ip filter']],
    ['a rule', 'iptables-legacy -A INPUT -p udp --dport 9 -j ACCEPT; iptables-legacy -t nat -L', ['ip nat']],
    ['a policy', 'iptables-legacy -P FORWARD DROP; ip6tables-legacy -L', ['ip6 filter']],
    [
      'a rule of another session',
      'iptables-legacy -t raw -A OUTPUT -m comment --comment nfwhy-1 -j TRACE; iptables-legacy -t raw -A OUTPUT -p udp',
      [],
    ],
    ['the same alone', 'iptables-legacy -t raw -A OUTPUT -m comment --comment nfwhy-1 -j TRACE', ['ip raw']],
  ] as const)('%s', async ([, setup, idle], { onTestFinished }) => {
    const place = await TestPlace.open(onTestFinished, { setup })
    const facts = await survey(parseVia(place.via))
    expect([...facts.idleLegacyTables]).toEqual(idle)
  })

  test('it cannot be listed: that is not known', async ({ onTestFinished }) => {
    const place = await TestPlace.open(onTestFinished, {
      setup: 'iptables-legacy -L',
      instead: { 'iptables-legacy-save': 'exit 1' },
    })
    expect([...(await survey(parseVia(place.via))).idleLegacyTables]).toEqual([])
  })

  test.skipIf(noBusybox)('BusyBox', async ({ onTestFinished }) => {
    const place = await TestPlace.open(onTestFinished, {
      setup: 'iptables-legacy -L; iptables-legacy -t nat -A OUTPUT -p udp',
    })
    await place.runThere(
      'mkdir /run/bin; busybox --install -s /run/bin; ln -sf "$(command -v busybox)" /run/bin/busybox',
    )
    const facts = await survey(parseVia(`${place.via} env -i PATH=/run/bin:/usr/sbin /run/bin/busybox`))
    expect([...facts.idleLegacyTables]).toEqual(['ip filter'])
  })

  test('beside rules of nft it is neither traced nor told of', async ({ onTestFinished }) => {
    const setup =
      'iptables-legacy -L; nft add table ip t; nft "add chain ip t c { type filter hook input priority 0; }"'
    const place = await TestPlace.open(onTestFinished, { setup })
    const wish = { backend: 'auto', alternatives: [[]], rate: undefined, deadline: 60 } as const
    const options = { log: false, programs: false, takeOver: false }
    const { plan } = await prepare(parseVia(place.via), { ...wish, ...options }, 'nfwhy-1')
    expect(plan).toMatchObject({ backend: 'nft', changes: [], streams: [{ kind: 'nft-trace' }], notes: [] })
  })
})
