/** One case for the simulator: rules and packets that can be played again, and made smaller. */
import { Packets } from '../generate/packets.ts'
import { Random } from '../generate/random.ts'
import { printRuleset, randomRuleset, type Table } from '../generate/ruleset.ts'
import { makeScene } from '../generate/scene.ts'
import { type Backend, nft } from '../lab/backend.ts'
import type { Family, Gathered, Lab, Sent } from '../lab/lab.ts'
import type { Played, Round } from '../play.ts'
import { countWays, type Handles, readHandles } from '../truth/nft.ts'
import { unusual } from './more-packets.ts'
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
  backend: Backend
  family: Family
  tables: Table[]
  sets: TestSet[]
  /** One round is sent when nothing of the one before is on its way any more. */
  rounds: Sent[][]
}

export interface PlayedCase extends Played {
  backend: Backend
  /** iptables-nft: what xtables-monitor printed in each round, and the numbers of rules. */
  nft?: { events: string[][]; handles: Handles }
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
  backend: Backend,
): Promise<{ one: Case; played: PlayedCase }> {
  const random = new Random(seed)
  const family: Family = random.chance(0.6) ? 'ip' : 'ip6'
  const scene = makeScene(lab.topology, family)
  const plain = randomRuleset(random, scene, { tables, beyond: random.chance(0.1) })
  const ruleset = random.chance(0.5) ? addRules(random, scene, plain, 8) : plain
  const sets = randomSets(random, scene)
  const packets = new Packets(random, scene)
  const stage = await Stage.set(lab, backend, family, ruleset, sets)
  const opened = await stage.round(packets.openings(random.int(5, 9)).map((sent) => unusual(random, scene, sent)))
  const answered = await stage.round(packets.answers(whole(opened)))
  const last = await stage.round([...packets.followUps(), ...packets.answers(whole(answered))])
  await stage.round([...packets.openings(2), ...packets.answers(whole(last))])
  const one = { seed, backend, family, tables: ruleset, sets, rounds: stage.rounds.map(({ sent }) => sent) }
  return { one, played: await stage.end(seed) }
}

export async function playAgain(lab: Lab, { seed, backend, family, tables, sets, rounds }: Case): Promise<PlayedCase> {
  const stage = await Stage.set(lab, backend, family, tables, sets)
  for (const sent of rounds) await stage.round(sent)
  return stage.end(seed)
}

const empty = (table: Table): Table => ({
  ...table,
  chains: table.chains.filter(({ policy }) => policy).map((chain) => ({ ...chain, rules: [] })),
})

/** Nobody answers a fragment. */
const whole = (gathered: Gathered): Gathered => ({
  ...gathered,
  left: gathered.left.filter(({ packet }) => packet.fragOffset === undefined),
})

/** The lab traces all packets from the start; and iptables-nft 1.8.9 makes one comparison of two inverted ports. */
const forNft = (table: Table): Table => ({
  ...table,
  chains: table.chains.map((chain) => ({
    ...chain,
    rules: chain.rules.filter((rule) => rule !== '-j TRACE' && !/! --sport \d+ ! --dport \d+( |$)/.test(rule)),
  })),
})

/** How often in a row nothing more is there, when all has come. */
const QUIET = 4

class Stage {
  readonly rounds: Round[] = []
  private readonly lab: Lab
  private readonly backend: Backend
  private readonly family: Family
  private readonly setsBefore: string
  private readonly events: string[][] = []

  private constructor(lab: Lab, backend: Backend, family: Family, setsBefore: string) {
    this.lab = lab
    this.backend = backend
    this.family = family
    this.setsBefore = setsBefore
  }

  static async set(
    lab: Lab,
    backend: Backend,
    family: Family,
    tables: readonly Table[],
    sets: readonly TestSet[],
  ): Promise<Stage> {
    await lab.listen(SERVERS[family])
    // what ends with those of the case before is no part of this one
    await lab.gather()
    await lab.must(['ipset', 'restore', '-exist'], printSets(sets, family))
    await lab.must(['conntrack', '-F'])
    const rules = printRuleset(backend === nft ? tables.map(forNft) : tables)
    // a table of hashlimit lives on while any rule names it
    if (rules.includes('hashlimit')) await lab.must(backend.restore(family), printRuleset(tables.map(empty)))
    const { status, error } = await lab.run(backend.restore(family), rules)
    if (status !== 0) throw new Error(`the generator made what iptables refuses: ${error}\n${rules}`)
    const stage = new Stage(lab, backend, family, await lab.must(['ipset', 'save']))
    if (backend === nft) await lab.watched()
    return stage
  }

  async round(sent: Sent[]): Promise<Gathered> {
    const refused = await this.lab.send(sent)
    const gathered = await this.lab.gather()
    if (this.backend === nft) this.events.push(await this.watched(gathered))
    this.rounds.push({ sent, refused, gathered })
    return gathered
  }

  /** The events of all packets that were logged, once the program that prints them has come so far. */
  private async watched({ log }: Gathered): Promise<string[]> {
    const events: string[] = []
    const packets = log.filter((line) => line.includes('TRACE: ')).length
    // on a busy machine it may pause in the middle of a packet's events
    for (let tries = 0, quiet = 0; tries < 2000 && quiet < QUIET; tries++) {
      const more = await this.lab.watched()
      events.push(...more)
      quiet = more.length === 0 && countWays(events) >= packets ? quiet + 1 : 0
    }
    return events
  }

  async end(seed: number): Promise<PlayedCase> {
    const { lab, backend, family, rounds } = this
    const connections = await lab.must(['conntrack', '-L', '-f', family === 'ip' ? 'ipv4' : 'ipv6', '-o', 'extended'])
    const sets = { before: this.setsBefore, after: await lab.must(['ipset', 'save']) }
    const saved = await lab.must(backend.save(family))
    const played = { seed, family, parallel: false, saved, clashes: 0, rounds, backend, connections, sets }
    if (backend !== nft) return played
    const handles = readHandles(await lab.must(['nft', '-j', 'list', 'ruleset']), family)
    return { ...played, nft: { events: this.events, handles } }
  }
}
