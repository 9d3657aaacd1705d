/** Rules that name interfaces with the wildcard of the other tool. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import type { Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { findingsOf, SYN, saved } from './played.ts'

const VETH = { index: 5, name: 'veth7', mtu: 1500, addresses: [] }
const FROM_GUEST: Packet = { ...SYN, in: 'veth7' }

function found(rules: string, more: readonly string[] = []) {
  const world = worldOf(rules)
  const links = more.map((name, i) => ({ ...VETH, name, index: 6 + i }))
  Object.assign(world.host, { ...ROUTER, links: [...ROUTER.links!, VETH, ...links] })
  const { evidence, ended } = modelEngine.play(world, FROM_GUEST)
  const journey = explain(evidence, world, { ended })
  noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
  const [first] = findingsOf(journey, 'near-miss')
  const [fix] = first?.fix ?? []
  return {
    severity: first?.severity,
    message: first?.message,
    ...(fix ? { fix: `${fixCommands(fix).command} → ${fix.after}` } : {}),
  }
}

const nft = (match: string) =>
  `table inet fw {\n\tchain forward { # handle 1\n\t\ttype filter hook forward priority filter; policy drop;\n\t\tct state established,related accept # handle 2\n\t\t${match} accept # handle 3\n\t}\n}\n`
const iptables = (name: string) => saved({ filter: ['-P FORWARD DROP', `-A FORWARD -i ${name} -o eth1 -j ACCEPT`] })

describe('a wildcard of the other tool', () => {
  it('is told of a name in a rule of nft, and replaced', () => {
    expect(found(nft('iifname "veth+" oifname "eth1"'))).toEqual({
      severity: 'warning',
      message:
        'inet fw forward handle 3 would have accepted it, but only matches iifname "veth+". "veth+" has the wildcard of iptables: nft takes it for a name, which no interface has, and writes "veth*".',
      fix: `nft replace rule inet fw forward handle 3 iifname '"veth*"' oifname eth1 accept → forwarded`,
    })
  })

  it('is told of one among several names, which others may use', () => {
    const { severity, fix } = found(nft('iifname { "eth0", "veth+" } counter packets 9 bytes 540'))
    expect(severity).toBe('warning')
    expect(fix).toContain(`"veth*"`)
    expect(fix).toMatch(/→ forwarded$/)
  })

  it('is told of a rule of iptables', () => {
    expect(found(iptables('veth*'))).toEqual({
      severity: 'warning',
      message:
        'filter FORWARD rule 1 would have accepted it, but only matches -i veth*. "veth*" has the wildcard of nft: iptables takes it for a name, which no interface has, and writes "veth+".',
      fix: 'iptables -R FORWARD 1 -i veth+ -o eth1 -j ACCEPT → forwarded',
    })
  })

  it.each([
    ['it is the tool’s own', nft('iifname "vlan*"'), []],
    ['it begins otherwise than the interface', nft('iifname "vlan+"'), []],
    ['an interface has that very name', nft('iifname "veth+"'), ['veth+']],
  ] as const)('is not told where %s', (_name, rules, more) => {
    expect(found(rules, more).message ?? '').not.toContain('wildcard')
  })
})
