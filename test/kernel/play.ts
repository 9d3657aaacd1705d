/** One case: a random ruleset in the lab, random packets through it, and all that the kernel did. */
import { Packets } from './generate/packets.ts'
import { Random } from './generate/random.ts'
import { printRuleset, randomRuleset } from './generate/ruleset.ts'
import { makeScene } from './generate/scene.ts'
import { type Backend, legacy } from './lab/backend.ts'
import type { Family, Gathered, Lab, Sent } from './lab/lab.ts'

export interface Round {
  sent: Sent[]
  /** Whom the kernel refused to send, and how. */
  refused: Map<number, string>
  gathered: Gathered
}

export interface Played {
  seed: number
  family: Family
  /** Several senders at once, each on a CPU of its own. */
  parallel: boolean
  /** As iptables-save prints it, with the counters after all packets. */
  saved: string
  /** Packets that connection tracking dropped behind all chains: what nat made of them clashed with another flow. */
  clashes: number
  /** What opens flows; answers; what follows in the same flows; what is sent again; and one packet behind all others. */
  rounds: Round[]
}

/** Programs of the router, on some of the ports that packets go to. No UDP with IPv6: nothing tells its answer from the question. */
const SERVERS = {
  ip: [
    { protocol: 'tcp', address: '0.0.0.0', port: 22 },
    { protocol: 'tcp', address: '0.0.0.0', port: 80 },
    { protocol: 'udp', address: '0.0.0.0', port: 53 },
  ],
  ip6: [{ protocol: 'tcp', address: '::', port: 80 }],
} as const

/** `tables`: all that there are in the lab. */
export async function play(
  lab: Lab,
  seed: number,
  tables: readonly string[],
  backend: Backend = legacy,
): Promise<Played> {
  const random = new Random(seed)
  const family: Family = random.chance(0.6) ? 'ip' : 'ip6'
  const parallel = random.chance(0.3)
  const scene = makeScene(lab.topology, family)
  const text = printRuleset(randomRuleset(random, scene, { tables }))
  await lab.listen(SERVERS[family])
  // what ends with those of the case before is no part of this one
  await lab.gather()
  await lab.must(['conntrack', '-F'])
  const { status, error } = await lab.run(backend.restore(family), text)
  if (status !== 0) throw new Error(`the generator made what iptables refuses: ${error}\n${text}`)
  const before = await dropped(lab)
  const packets = new Packets(random, scene)
  const rounds: Round[] = []
  const round = async (sent: Sent[]): Promise<Gathered> => {
    const refused = await lab.send(...(parallel ? bySender(sent) : [sent]))
    const gathered = await lab.gather()
    rounds.push({ sent, refused, gathered })
    return gathered
  }
  const opened = await round(packets.openings(parallel ? random.int(10, 20) : random.int(5, 9)))
  const answered = await round(packets.answers(opened))
  await round([...packets.followUps(), ...packets.answers(answered)])
  await round(packets.retransmissions())
  await round(packets.openings(1))
  const saved = await lab.must(backend.save(family))
  return { seed, family, parallel, saved, clashes: (await dropped(lab)) - before, rounds }
}

async function dropped(lab: Lab): Promise<number> {
  const counts = (await lab.must(['conntrack', '-S'])).matchAll(/ (?:insert_failed|drop)=(\d+)/g)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Whoever sends, sends in order. */
function bySender(sent: readonly Sent[]): Sent[][] {
  const senders = (['left', 'right', 'router'] as const).map((at) => sent.filter((one) => one.at === at))
  return senders.filter((list) => list.length > 0)
}
