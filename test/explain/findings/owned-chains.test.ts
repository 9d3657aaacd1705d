/** Where a rule of one's own is put, if the rule that stops the packet is another program's; and sets that ban. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import { type Case, played } from './played.ts'

const ANSWERS = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const commands = (one: Case) =>
  played(one)
    .findings.flatMap(({ fix }) => fix)
    .filter(({ edits }) => edits)
    .map((fix) => `${fixCommands(fix).command} → ${fix.after}`)
const SUCH = '-s 10.0.1.2 -d 10.0.2.2 -i eth0 -o eth1 -p tcp --dport 80 -j ACCEPT → forwarded'

describe('a rule of one’s own', () => {
  it('stands in the chain that Docker leaves to its users', () => {
    const filter = [
      ANSWERS,
      '-A FORWARD -j DOCKER-USER',
      '-A FORWARD -j DOCKER-ISOLATION-STAGE-1',
      '-A DOCKER-ISOLATION-STAGE-1 -i eth0 -j DROP',
    ]
    expect(commands({ rules: { filter: [...filter, '-A DOCKER-USER -j RETURN'] } })[0]).toBe(
      `iptables -I DOCKER-USER 1 ${SUCH}`,
    )
    expect(commands({ rules: { filter: ['-N DOCKER-USER', ...filter] } })[0]).toBe(`iptables -A DOCKER-USER ${SUCH}`)
    // behind the rule that stops it, it would do no good
    const behind = [ANSWERS, filter[2]!, filter[3]!, filter[1]!, '-A DOCKER-USER -j RETURN']
    expect(commands({ rules: { filter: behind } })[0]).toBe(`iptables -I DOCKER-ISOLATION-STAGE-1 1 ${SUCH}`)
  })

  it('is no advice where the packet does not come to that chain; a deletion says what it opens', () => {
    const advice = (...rules: string[]) =>
      played({ rules: { filter: [ANSWERS, ...rules, '-A DOCKER-USER -j RETURN'] } }).findings.flatMap(({ fix }) =>
        fix.map(({ description, note }) => `${description}: ${note}`),
      )
    const stops = ['-A FORWARD -j DOCKER-ISOLATION-STAGE-1', '-A DOCKER-ISOLATION-STAGE-1 -i eth0 -j DROP']
    const users = expect.stringContaining('DOCKER-USER')
    expect(advice('-A FORWARD -j DOCKER-USER', ...stops)).toContainEqual(users)
    expect(advice(...stops)).not.toContainEqual(users)
    expect(advice(...stops)).toContainEqual(
      expect.stringMatching(
        /^for now, delete rule 1 of DOCKER-ISOLATION-STAGE-1: opens everything that the rule dropped; docker restores its rules /,
      ),
    )
  })

  it('does not stand in a chain that its owner writes back', () => {
    const filter = [
      ANSWERS,
      '-A FORWARD -j cali-FORWARD',
      '-A cali-FORWARD -j cali-tw-x',
      '-A cali-tw-x -i eth0 -j DROP',
    ]
    expect(commands({ rules: { filter } })[0]).toBe(`iptables -I FORWARD 2 ${SUCH}`)
  })
})

describe('a set that bans the packet', () => {
  const set = (...elements: NamedSet['elements']): NamedSet => ({
    ...{ name: 'banned', type: 'hash:net', family: 'ip', timeout: 0, elements },
  })
  const rules = { filter: [ANSWERS, '-A FORWARD -m set --match-set banned src -j DROP'] }

  it('loses its element, which comes back with its time', () => {
    const { findings } = played({ rules, sets: [set({ parts: ['10.0.1.2'], timeout: 3000 })] })
    const fix = findings.flatMap((one) => one.fix).find(({ edits }) => edits)!
    const { command, undo } = fixCommands(fix)
    expect([String(command), String(undo), fix.after]).toEqual([
      'ipset del banned 10.0.1.2',
      'ipset add banned 10.0.1.2 timeout 3000',
      'forwarded',
    ])
  })

  it('keeps what stands for others as well', () => {
    expect(
      commands({ rules, sets: [set({ parts: ['10.0.1.0/24'] })] }).filter((one) => one.startsWith('ipset')),
    ).toEqual([])
  })
})

describe('a policy behind the chains of a program', () => {
  const proposals = (...jumps: string[]) =>
    played({ rules: { filter: ['-P FORWARD DROP', '-N ufw-before-forward', '-N mine', ANSWERS, ...jumps] } })
      .findings.filter(({ code }) => code === 'dropped-by-policy')
      .flatMap(({ fix }) => fix.map(({ description }) => description))

  it("has that program's own command", () => {
    expect(proposals('-A FORWARD -j ufw-before-forward')).toEqual([
      'allow it with ufw: ufw route allow in on eth0 out on eth1 proto tcp from 10.0.1.2 to 10.0.2.2 port 80',
      'accept such packets',
      'set the policy of FORWARD to ACCEPT',
    ])
    expect(proposals('-A FORWARD -j mine')).toEqual(['accept such packets', 'set the policy of FORWARD to ACCEPT'])
  })
})
