/** Several changes that together bring an exchange through, and which of them is proposed. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../src/explain/explain.ts'
import { severalCauses } from '../../src/explain/repair.ts'
import { noteTrials } from '../../src/explain/verify-fixes/verify.ts'
import type { Host, Packet } from '../../src/index.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { entry, makeWorld, ROUTER } from '../simulate/world.ts'
import { type Rules, SYN, saved, TO_ROUTER } from './findings/played.ts'

function repairOf(rules: Rules, packet: Packet = SYN, host: Host = {}) {
  const world = makeWorld(saved(rules), { ...ROUTER, ...host })
  const { evidence, ended } = modelEngine.play(world, packet)
  const journey = explain(evidence, world, { ended })
  noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
  const found = severalCauses(evidence, journey, world, modelEngine)
  const [fix] = found?.fix ?? []
  return found && { message: found.message, command: String(fixCommands(fix!).command), after: fix!.after }
}

describe('several causes', () => {
  it('are one narrow rule and one for replies, where else the policy alone would do', () => {
    expect(repairOf({ filter: ['-P FORWARD DROP'] })).toEqual({
      message: 'filter FORWARD policy stops the request, and would stop its reply.',
      command:
        'iptables -A FORWARD -s 10.0.1.2/32 -d 10.0.2.2/32 -i eth0 -o eth1 -p tcp -m tcp --dport 80 -j ACCEPT && iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      after: 'forwarded',
    })
  })

  it('are numbered as they are before the first change', () => {
    const found = repairOf({ filter: ['-A FORWARD -s 10.0.1.0/24 -j DROP', '-A FORWARD -i eth1 -j DROP'] })
    expect(found?.message).toBe('Two things stop this exchange: filter FORWARD 1, then filter FORWARD 2.')
  })

  it('are nothing where a narrow rule does', () => {
    const answers = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
    expect(repairOf({ filter: ['-P FORWARD DROP', answers] })).toBeUndefined()
  })

  it('are looked for where nobody takes the packet here, as nat did not send it on', () => {
    const rules = {
      nat: ['[0:0] -A PREROUTING -p tcp -m tcp --dport 8 -j DNAT --to-destination 10.0.2.9:80'],
      filter: ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    }
    const found = repairOf(rules, TO_ROUTER, { listening: ['tcp'], sockets: [] })
    expect(found?.command).toMatch(/^iptables -t nat -R PREROUTING 1 .* && iptables -A FORWARD /)
    expect(found?.after).toBe('forwarded')
  })
})

describe('a connection that works', () => {
  const rules = {
    nat: ['[0:0] -A PREROUTING -s 10.0.1.3/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'],
    filter: [],
  }
  const mended = (status: string[]) => {
    const original = { src: '10.0.1.3', dst: '10.0.1.1', sport: 4000, dport: 80 }
    const reply = { src: '10.0.2.9', dst: '10.0.1.3', sport: 80, dport: 4000 }
    const world = makeWorld(saved(rules), {
      ...ROUTER,
      listening: ['tcp'],
      sockets: [],
      conntrack: [entry({ original, reply, status })],
    })
    const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
    const journey = explain(evidence, world, { ended })
    noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
    const fixes = journey.findings.flatMap(({ fix }) => fix)
    return fixes.find(({ description }) => description === 'let rule 1 of PREROUTING match such packets')
  }

  it('is not given up for another one', () => {
    expect(mended(['assured'])?.but).toBe('tcp from 10.0.1.3 to 10.0.1.1:80 would fail, which works now')
  })

  it('is none where nobody has answered', () => {
    expect(mended(['unreplied'])).toMatchObject({ after: 'forwarded' })
    expect(mended(['unreplied'])?.but).toBeUndefined()
  })
})
