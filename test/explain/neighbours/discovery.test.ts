/** Neighbour discovery is a question and its answer, too. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { acceptBefore } from '../../../src/explain/changes/change.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { advertisementTo, isSolicitation } from '../../../src/explain/neighbours/discovery.ts'
import { severalCauses } from '../../../src/explain/repair/several-causes.ts'
import { playReply } from '../../../src/explain/reply/played-reply.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import type { Host, Packet } from '../../../src/index.ts'
import type { Played } from '../../../src/journey/engine.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld } from '../../simulate/world.ts'
import { said } from '../said.ts'

const GROUP = 'ff02::1:ff00:2'
const HOST: Host = {
  links: [{ index: 2, name: 'eth0', addresses: [{ family: 'ip6', address: '2001:db8::1', prefixLength: 64 }] }],
  routes: [
    { family: 'ip6', type: 'local', destination: '2001:db8::1/128', table: 'local', device: 'eth0' },
    { family: 'ip6', type: 'unicast', destination: '2001:db8::/64', table: 'main', device: 'eth0' },
    { family: 'ip6', type: 'multicast', destination: 'ff00::/8', table: 'local', device: 'eth0' },
  ],
  neighbours: [{ family: 'ip6', address: '2001:db8::2', device: 'eth0', state: ['FAILED'] }],
}
const ASKS: Packet = {
  ...{ src: '2001:db8::1', dst: GROUP, protocol: 'icmpv6', icmpType: 135, icmpCode: 0, ttl: 255 },
}
const arrived = (packet: Packet, outcome: 'sent' | 'delivered') => ({ packet, ended: { outcome } }) as unknown as Played

describe('the advertisement that answers a solicitation', () => {
  it('comes from the neighbour whose address ends as the group does', () => {
    expect(advertisementTo(arrived({ ...ASKS, out: 'eth0' }, 'sent'), HOST)).toMatchObject({
      ...{ src: '2001:db8::2', dst: '2001:db8::1', in: 'eth0', icmpType: 136, ttl: 255 },
    })
    const probe = { ...ASKS, dst: '2001:db8::77', out: 'eth0' }
    expect(advertisementTo(arrived(probe, 'sent'), HOST)?.src).toBe('2001:db8::77')
  })

  it("is this host's own where it was asked", () => {
    const asked = { ...ASKS, src: '2001:db8::2', dst: 'ff02::1:ff00:1', in: 'eth0' }
    const answer = advertisementTo(arrived(asked, 'delivered'), HOST)
    expect([answer?.src, answer?.dst, answer?.in]).toEqual(['2001:db8::1', '2001:db8::2', undefined])
  })

  it('is not known where nobody with such an address is', () => {
    expect(advertisementTo(arrived({ ...ASKS, dst: 'ff02::1:ff00:9', out: 'eth0' }, 'sent'), HOST)).toBeUndefined()
  })

  it('is not waited for by who looks whether an address is taken', () => {
    expect([isSolicitation(ASKS), isSolicitation({ ...ASKS, src: '::' })]).toEqual([true, false])
  })
})

const rules = (...lines: string[]) =>
  ['*filter', ':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT DROP [0:0]', ...lines, 'COMMIT', ''].join('\n')

function playedWith(...lines: string[]) {
  const world = makeWorld(rules(...lines), HOST, 'ip6')
  const { evidence, ended } = modelEngine.play(world, ASKS)
  const journey = explain(evidence, world, { ended })
  noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
  return { world, evidence, journey }
}

describe('the group of an address', () => {
  const asksFor = (dst: string) =>
    modelEngine.play(makeWorld(rules('-A INPUT -j ACCEPT'), HOST, 'ip6'), {
      ...ASKS,
      ...{ src: '2001:db8::2', dst, in: 'eth0' },
    }).ended.outcome

  it('is joined by its owner', () => {
    expect(asksFor('ff02::1:ff00:1')).toBe('delivered')
  })

  it('may be joined by somebody else', () => {
    expect(asksFor('ff02::1:ff00:7')).toBe('undetermined')
  })
})

// who is asked answers by the same chain by which it asks others
const both = (start: string) =>
  [135, 136].map((type) => `${start} -p ipv6-icmp --icmpv6-type ${type} -j ACCEPT`).join(' && ')

describe('a dropped solicitation', () => {
  it('is accepted on every link where this host is asked, but not where it forwards', () => {
    const ref = { family: 'ip6', table: 'filter', chain: 'INPUT', ruleNumber: 2, rule: '-j DROP' }
    const packet = { ...ASKS, in: 'br0' }
    expect(said(acceptBefore(ref, packet, { hook: 'input' })).command).toBe(both('ip6tables -I INPUT 2'))
    expect(said(acceptBefore({ ...ref, chain: 'FORWARD' }, packet, { hook: 'forward' })).command).toBe(
      both('ip6tables -I FORWARD 2 -i br0'),
    )
  })

  it('is mended together with what answers it, for every neighbour', () => {
    const { world, evidence, journey } = playedWith()
    const [fix] = severalCauses(evidence, journey, world, modelEngine)!.fix
    expect(String(fixCommands(fix!).command)).toBe(`${both('ip6tables -A OUTPUT')} && ${both('ip6tables -A INPUT')}`)
    expect(fix?.after).toBe('sent')
  })

  it('needs no more where answers come in', () => {
    const { world, evidence, journey } = playedWith('-A INPUT -p ipv6-icmp -j ACCEPT')
    expect(severalCauses(evidence, journey, world, modelEngine)).toBeUndefined()
    expect(journey.findings.flatMap(({ fix }) => fix).some(({ after, but }) => after === 'sent' && !but)).toBe(true)
  })

  it('that passes is told of where its answer does not', () => {
    const { world, evidence, journey } = playedWith('-A OUTPUT -p ipv6-icmp -j ACCEPT')
    expect(playReply(evidence, journey, world, modelEngine)?.finding?.message).toBe(
      'Its reply would be dropped by filter INPUT policy (simulated).',
    )
  })

  it('is accepted by its type, in nft as well', () => {
    const ref = { family: 'inet', table: 'fw', chain: 'output', ruleNumber: 2, handle: 9, rule: 'drop' }
    expect(said(acceptBefore(ref, { ...ASKS, out: 'eth0' }, { hook: 'output' })).command).toBe(
      'nft insert rule inet fw output handle 9 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept comment nfwhy-neighbours-9',
    )
  })
})
