/** A rule too many, in front of the one that was meant for the traffic. */
import type { Fault, Kind, Met, Scene } from '../../fault.ts'
import { addressWord, asked, chainNamed, fault, ofRule, ownTable, someMatch } from './words.ts'

const accepts = (scene: Scene): Met[] => asked(scene).filter((met) => met.type === 'filter' && ofRule(met, 'accept'))

const inFront = (scene: Scene, kind: string, met: Met, verdict: string, index = met.index): Fault =>
  fault(scene, kind, { ...met, index }, `${someMatch(scene, met.packet)} ${verdict}`)

const anywhereBefore = (kind: string, verdict: string): Kind => ({
  name: kind,
  make: (scene) => accepts(scene).map((met) => inFront(scene, kind, met, verdict, scene.random.int(0, met.index))),
})

export const dropInFront = anywhereBefore('a drop too many', 'drop')
export const rejectInFront = anywhereBefore('a reject too many', 'counter reject')

export const returnInFront: Kind = {
  name: 'a return too many',
  make: (scene) =>
    asked(scene)
      .filter((met) => met.type === 'filter' && ofRule(met, 'accept', 'jump', 'goto', 'vmap'))
      .map((met) => inFront(scene, 'a return too many', met, 'return')),
}

/** The rule that rewrites, and those that lead there. */
function natAt(scene: Scene, ...kinds: string[]): Met[] {
  const met = asked(scene)
  return met.flatMap((last, i) => {
    if (last.type !== 'nat' || !ofRule(last, ...kinds)) return []
    const first = met.findLastIndex(
      (one, at) => at <= i && chainNamed(scene.setup.tables, one.table, one.chain)?.base !== undefined,
    )
    return met.slice(first, i + 1).filter((one) => one.type === 'nat' && one.rule !== undefined)
  })
}

const skipping = (kind: string, ...kinds: string[]): Kind => ({
  name: kind,
  make: (scene) =>
    natAt(scene, ...kinds).map((met) => inFront(scene, kind, met, scene.random.pick(['accept', 'return']))),
})

export const dnatSkipped = skipping('DNAT skipped', 'dnat', 'redirect')
export const snatSkipped = skipping('SNAT skipped', 'snat', 'masquerade')

export const dnatShadowed: Kind = {
  name: 'DNAT shadowed',
  make: (scene) => {
    const { hosts, sides } = scene.topology
    const { src = '' } = scene.probe.packet
    const family = addressWord(src)
    const of = ({ ip, ip6 }: { ip: string; ip6: string }) => (family === 'ip' ? ip : ip6)
    const elsewhere = of(scene.random.pick(hosts.filter((host) => of(host) !== src)))
    return natAt(scene, 'dnat', 'redirect').map((met) =>
      inFront(
        scene,
        'DNAT shadowed',
        met,
        `dnat ${met.table.startsWith('inet') ? `${family} ` : ''}to ${scene.random.pick([elsewhere, of(sides.left)])}`,
      ),
    )
  },
}

/** An accept in one base chain is none in the next. */
export const laterTable: Kind = {
  name: 'a drop in a later table',
  make: (scene) => {
    const hooks = asked(scene).filter(({ hook, type }) => type === 'filter' && (hook === 'input' || hook === 'forward'))
    return hooks
      .slice(0, 1)
      .map(({ hook, packet }) =>
        ownTable(
          scene,
          'a drop in a later table',
          'late',
          `type filter hook ${scene.random.pick([hook, hook === 'forward' ? 'postrouting' : hook])} priority 120`,
          `${someMatch(scene, packet)} drop`,
        ),
      )
  },
}

export const earlierTable: Kind = {
  name: 'a drop in an earlier table',
  make: (scene) =>
    scene.probe.at === 'router'
      ? []
      : [-310, -160].map((priority) =>
          ownTable(
            scene,
            'a drop in an earlier table',
            'early',
            `type filter hook prerouting priority ${priority}`,
            `${someMatch(scene, scene.probe.packet)} drop`,
          ),
        ),
}

export const ttl: Kind = {
  name: 'TTL',
  make: (scene) => {
    if (!scene.met.some(({ hook }) => hook === 'forward')) return []
    const { dst = '' } = scene.probe.packet
    const ip = addressWord(dst)
    const word = ip === 'ip' ? 'ip ttl' : 'ip6 hoplimit'
    return [
      ownTable(scene, 'TTL', 'early', 'type filter hook prerouting priority -150', `${ip} daddr ${dst} ${word} set 1`),
    ]
  },
}
