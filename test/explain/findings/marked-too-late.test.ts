/** A rule reads a mark that a later chain sets. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import type { Finding } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN } from './played.ts'

const base = (name: string, type: string, hook: string, priority: number, rule: string, policy = 'accept') =>
  `\tchain ${name} {\n\t\ttype ${type} hook ${hook} priority ${priority}; policy ${policy};\n\t\t${rule}\n\t}\n`
const SETS = 'ip saddr 10.0.1.2 meta mark set 1 # handle 21'
const READS = 'meta mark 1 accept # handle 11'

/** All in one table; its forward chain has the policy drop. */
function found(...chains: string[]): Finding[] {
  const world = { ...worldOf(`table ip fw {\n${chains.join('')}}\n`), host: ROUTER }
  const { evidence, ended } = modelEngine.play(world, SYN)
  const journey = explain(evidence, world, { ended })
  noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
  return journey.findings.filter(({ code, message }) => code === 'mark-missing' && message.includes('sets it later'))
}

describe('a mark that a later chain sets', () => {
  it('is named with the hook of that chain, though the packet was stopped before', () => {
    const [one] = found(
      base('forward', 'filter', 'forward', 0, READS, 'drop'),
      base('late', 'filter', 'postrouting', -150, SETS),
    )
    expect(one).toMatchObject({
      severity: 'warning',
      message:
        'ip fw forward handle 11 requires mark 0x1, which the packet does not have yet: ip fw late handle 21 sets it later. fw late is at hook postrouting, which comes after forward.',
    })
    expect(String(fixCommands(one!.fix[0]!).command)).toContain('nft insert rule ip fw forward handle 11')
    expect(one!.fix[0]).toMatchObject({ verified: 'model', after: 'forwarded' })
  })

  it('is named with both priorities at one hook', () => {
    const [one] = found(
      base('forward', 'filter', 'forward', 0, READS, 'drop'),
      base('late', 'filter', 'forward', 10, SETS),
    )
    expect(one?.message).toContain('fw late has priority 10, and fw forward has 0.')
  })

  it('is read too early by NAT, whatever priority its chain has', () => {
    const [one] = found(
      base('dnat', 'nat', 'prerouting', 0, 'meta mark 1 dnat to 10.0.2.3 # handle 11'),
      base('late', 'filter', 'prerouting', -50, SETS),
      base('forward', 'filter', 'forward', 0, 'ip daddr 10.0.2.3 accept', 'drop'),
    )
    expect(one?.message).toContain(
      'fw late has priority -50, and fw dnat is traversed at -100, as all chains of type nat are.',
    )
    expect(one?.fix[0]).toMatchObject({ verified: 'model', after: 'forwarded' })
  })

  it('is not what is wrong where it is another mark, or set in time', () => {
    expect(
      found(
        base('forward', 'filter', 'forward', 0, READS, 'drop'),
        base('late', 'filter', 'postrouting', -150, SETS.replace('set 1', 'set 2')),
      ),
    ).toEqual([])
    expect(
      found(
        base('early', 'filter', 'prerouting', -150, SETS),
        base('forward', 'filter', 'forward', 0, READS, 'drop'),
        base('late', 'filter', 'postrouting', -150, SETS),
      ),
    ).toEqual([])
  })

  it('is told of iptables as well', () => {
    const one: Case = {
      rules: {
        mangle: ['-A FORWARD -s 10.0.1.2/32 -j MARK --set-xmark 0x1/0xffffffff'],
        nat: ['-A PREROUTING -m mark --mark 0x1 -j DNAT --to-destination 10.0.2.3'],
        filter: ['-P FORWARD DROP', '-A FORWARD -d 10.0.2.3/32 -j ACCEPT'],
      },
    }
    const [told] = findingsOf(played(one), 'mark-missing')
    expect(told?.message).toBe(
      'nat PREROUTING rule 1 requires mark 0x1, which the packet does not have yet: mangle FORWARD rule 1 sets it later. mangle FORWARD is at hook forward, which comes after prerouting.',
    )
    expect(told?.fix[0]).toMatchObject({ verified: 'model', after: 'forwarded' })
  })
})
