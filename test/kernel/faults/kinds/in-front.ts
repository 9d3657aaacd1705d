/** A rule too many, in front of the one that was meant for the traffic. */
import type { Packet } from '../../../../src/model/packet.ts'
import { type Fault, inserted, isTerminal, type Kind, type Met, ruleAt, type Scene, targetOf } from '../fault.ts'

/** Words of a rule that chooses such packets: by all of it, or by a part. */
function someMatch({ random }: Scene, { protocol, src, dst, dport }: Packet): string {
  const port = dport === undefined ? '' : ` -m ${protocol} --dport ${dport}`
  return random.pick([
    `-p ${protocol}${port}`,
    `-s ${src}/32`,
    `-s ${src}/32 -p ${protocol}${port}`,
    `-d ${dst}/32 -p ${protocol}`,
  ])
}

/** `target` in front of what was met at this place, for packets as they came there. */
function inFront(scene: Scene, kind: string, met: Met, target: string, index = met.index): Fault {
  const rule = `${someMatch(scene, met.packet)} -j ${target}`
  return {
    kind,
    about: `-t ${met.table} -I ${met.chain} ${index + 1} ${rule}`,
    variant: { tables: inserted(scene.setup.tables, met.table, met.chain, index, rule) },
    culprits: [ruleAt({ ...met, index })],
  }
}

const asked = ({ met }: Scene): Met[] => met.filter(({ of }) => of === 'question')

const accepts = (scene: Scene): Met[] =>
  asked(scene).filter(({ table, rule }) => table === 'filter' && rule !== undefined && targetOf(rule) === 'ACCEPT')

export const dropInFront: Kind = {
  name: 'a drop too many',
  make: (scene) =>
    accepts(scene).map((met) => inFront(scene, 'a drop too many', met, 'DROP', scene.random.int(0, met.index))),
}

export const rejectInFront: Kind = {
  name: 'a reject too many',
  make: (scene) =>
    accepts(scene).map((met) => inFront(scene, 'a reject too many', met, 'REJECT', scene.random.int(0, met.index))),
}

/** Out of the chain before it comes to its rule. */
export const returnInFront: Kind = {
  name: 'a return too many',
  make: (scene) =>
    asked(scene)
      .filter(({ table, rule }) => table === 'filter' && rule !== undefined && isTerminal(rule))
      .map((met) => inFront(scene, 'a return too many', met, 'RETURN')),
}

const natAt = (scene: Scene, ...targets: string[]): Met[] => {
  const met = asked(scene)
  // the rule itself and the jumps that lead there
  return met.flatMap((last, i) => {
    if (last.table !== 'nat' || last.rule === undefined || !targets.includes(targetOf(last.rule) ?? '')) return []
    const first = met.findLastIndex((one, at) => at <= i && /^[A-Z]+ROUTING$|^OUTPUT$|^INPUT$/.test(one.chain))
    return met.slice(first, i + 1).filter((one) => one.table === 'nat' && one.rule !== undefined)
  })
}

const skipping = (kind: string, ...targets: string[]): Kind => ({
  name: kind,
  make: (scene) =>
    natAt(scene, ...targets).map((met) =>
      inFront(
        scene,
        kind,
        met,
        /^[A-Z]+ROUTING$|^OUTPUT$/.test(met.chain) ? 'ACCEPT' : scene.random.pick(['ACCEPT', 'RETURN']),
      ),
    ),
})

export const dnatSkipped = skipping('DNAT skipped', 'DNAT', 'REDIRECT')
export const snatSkipped = skipping('SNAT skipped', 'SNAT', 'MASQUERADE')

/** An earlier rule takes the packets elsewhere. */
export const dnatShadowed: Kind = {
  name: 'DNAT shadowed',
  make: (scene) => {
    const { hosts, sides } = scene.topology
    const elsewhere = scene.random.pick(hosts.filter(({ ip }) => ip !== scene.probe.packet.src)).ip
    return natAt(scene, 'DNAT', 'REDIRECT').map((met) =>
      inFront(
        scene,
        'DNAT shadowed',
        { ...met, packet: { ...met.packet } },
        `DNAT --to-destination ${scene.random.pick([elsewhere, sides.left.ip])}`,
      ),
    )
  },
}

/** Accepted in one table, and dropped in one that comes behind. */
export const laterTable: Kind = {
  name: 'a drop in a later table',
  make: (scene) =>
    asked(scene)
      .filter(({ table, chain }) => (table === 'mangle' && chain === 'POSTROUTING') || table === 'security')
      .map((met) => inFront(scene, 'a drop in a later table', met, 'DROP', 0)),
}

export const earlierTable: Kind = {
  name: 'a drop in an earlier table',
  make: (scene) =>
    asked(scene)
      .filter(
        ({ table, chain, index }) => index === 0 && (table === 'mangle' || table === 'raw') && chain === 'PREROUTING',
      )
      .map((met) => inFront(scene, 'a drop in an earlier table', met, 'DROP', met.table === 'raw' ? 1 : 0)),
}
