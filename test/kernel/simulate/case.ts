/** One case for the simulator: rules and packets that can be played again, and made smaller. */
import { Packets } from '../generate/packets.ts'
import { Random } from '../generate/random.ts'
import { printRuleset, randomRuleset, type Table } from '../generate/ruleset.ts'
import { makeScene } from '../generate/scene.ts'
import { legacy } from '../lab/backend.ts'
import type { Family, Gathered, Lab, Sent } from '../lab/lab.ts'
import type { Played, Round } from '../play.ts'
import { addRules, printSets, randomSets, type TestSet } from './more-rules.ts'

/** Programs of the router. No UDP with IPv6: nothing tells its answer from the question. */
const SERVERS = {
  ip: [
    { protocol: 'tcp', address: '0.0.0.0', port: 22 },
    { protocol: 'tcp', address: '0.0.0.0', port: 80 },
    { protocol: 'udp', address: '0.0.0.0', port: 53 },
  ],
  ip6: [{ protocol: 'tcp', address: '::', port: 80 }],
} as const

export interface Case {
  seed: number
  family: Family
  tables: Table[]
  sets: TestSet[]
  /** One round is sent when nothing of the one before is on its way any more. */
  rounds: Sent[][]
}

export interface PlayedCase extends Played {
  /** As `conntrack -L` lists them behind the last packet. */
  connections: string
  /** As `ipset save` prints them before the first packet and behind the last. */
  sets: { before: string; after: string }
}

/** Answers are made from what the kernel did, so the case is known only when it was played. */
export async function playNew(
  lab: Lab,
  seed: number,
  tables: readonly string[],
): Promise<{ one: Case; played: PlayedCase }> {
  const random = new Random(seed)
  const family: Family = random.chance(0.6) ? 'ip' : 'ip6'
  const scene = makeScene(lab.topology, family)
  const plain = randomRuleset(random, scene, { tables, beyond: random.chance(0.1) })
  const ruleset = random.chance(0.5) ? addRules(random, scene, plain, 8) : plain
  const sets = randomSets(random, scene)
  const packets = new Packets(random, scene)
  const stage = await Stage.set(lab, family, ruleset, sets)
  const opened = await stage.round(packets.openings(random.int(5, 9)))
  const answered = await stage.round(packets.answers(opened))
  const last = await stage.round([...packets.followUps(), ...packets.answers(answered)])
  await stage.round([...packets.openings(2), ...packets.answers(last)])
  const one = { seed, family, tables: ruleset, sets, rounds: stage.rounds.map(({ sent }) => sent) }
  return { one, played: await stage.end(seed) }
}

export async function playAgain(lab: Lab, { seed, family, tables, sets, rounds }: Case): Promise<PlayedCase> {
  const stage = await Stage.set(lab, family, tables, sets)
  for (const sent of rounds) await stage.round(sent)
  return stage.end(seed)
}

class Stage {
  readonly rounds: Round[] = []
  private readonly lab: Lab
  private readonly family: Family

  private readonly setsBefore: string

  private constructor(lab: Lab, family: Family, setsBefore: string) {
    this.lab = lab
    this.setsBefore = setsBefore
    this.family = family
  }

  static async set(lab: Lab, family: Family, tables: readonly Table[], sets: readonly TestSet[]): Promise<Stage> {
    await lab.listen(SERVERS[family])
    // what ends with those of the case before is no part of this one
    await lab.gather()
    await lab.must(['ipset', 'restore', '-exist'], printSets(sets, family))
    await lab.must(['conntrack', '-F'])
    await lab.must(legacy.restore(family), printRuleset(tables))
    return new Stage(lab, family, await lab.must(['ipset', 'save']))
  }

  async round(sent: Sent[]): Promise<Gathered> {
    const refused = await this.lab.send(sent)
    const gathered = await this.lab.gather()
    this.rounds.push({ sent, refused, gathered })
    return gathered
  }

  async end(seed: number): Promise<PlayedCase> {
    const family = this.family === 'ip' ? 'ipv4' : 'ipv6'
    const connections = await this.lab.must(['conntrack', '-L', '-f', family, '-o', 'extended'])
    const sets = { before: this.setsBefore, after: await this.lab.must(['ipset', 'save']) }
    const saved = await this.lab.must(legacy.save(this.family))
    return { seed, family: this.family, parallel: false, saved, clashes: 0, rounds: this.rounds, connections, sets }
  }
}
