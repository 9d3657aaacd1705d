/** Rules that do something else than dropping, or drop beside IP's chains, and lose the packet. */
import { type Fault, inserted, isForwarded, type Kind, type Met, replaced, ruleAt } from '../../fault.ts'
import { added, gatewayOn, isIpv6, otherSide, placeOf } from '../changes.ts'
import { addressWord, asked, ofRule, ownTable, someMatch } from './words.ts'

/** Only what comes in by one interface is in the zone. */
export const zoned: Kind = {
  name: 'a zone in one direction',
  make: (scene) =>
    scene.probe.at === 'router'
      ? []
      : [
          ownTable(
            scene,
            'a zone in one direction',
            'zones',
            'type filter hook prerouting priority -300',
            `iifname "${scene.topology.sides[scene.probe.at].interface}" ct zone set 5`,
          ),
        ],
}

/** The source becomes an address that is nobody's here. */
export const snatElsewhere: Kind = {
  name: 'SNAT to a wrong address',
  make: (scene) =>
    asked(scene).flatMap((met) => {
      const { table, chain, index, rule = '', packet } = met
      if (met.type !== 'nat' || !ofRule(met, 'snat', 'masquerade') || isIpv6(scene)) return []
      if (packet.src?.includes(':') || / map /.test(rule)) return []
      const to = scene.random.pick(['192.0.2.77', '172.31.0.5'])
      const family = table.startsWith('inet') ? 'ip ' : ''
      const now = rule.replace(
        /(?:snat (?:ip )?to \S+|masquerade(?: to :\S+)?(?: fully-random)?)/,
        `snat ${family}to ${to}`,
      )
      return [
        {
          kind: 'SNAT to a wrong address',
          about: `${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
}

/** A mark that a routing rule asks for: the packet is routed by another table. */
export const markAstray: Kind = {
  name: 'a mark that leads elsewhere',
  make: (scene) => {
    if (!isForwarded(scene) || scene.probe.at === 'router') return []
    const { side } = placeOf(scene.healthy.arrived)
    const six = isIpv6(scene) ? '-6 ' : ''
    const way = scene.random.pick([
      `default via ${gatewayOn(otherSide(side), scene)}`,
      'blackhole default',
      'prohibit default',
    ])
    const fault = ownTable(
      scene,
      'a mark that leads elsewhere',
      'uplinks',
      'type filter hook prerouting priority -150',
      `${someMatch(scene, scene.probe.packet)} meta mark set meta mark or 0x770000`,
    )
    return [
      {
        ...fault,
        about: `${fault.about}; ip rule add fwmark 0x770000/0xff0000 lookup 77; ip route add ${way} table 77`,
        variant: {
          ...fault.variant,
          changes: [
            added(`${six}route add ${way} table 77`),
            added(`${six}rule add pref 90 fwmark 0x770000/0xff0000 lookup 77`),
          ],
        },
      },
    ]
  },
}

const someService = ({ protocol, src = '', dport }: Met['packet']): string =>
  dport === undefined
    ? `${addressWord(src)} saddr ${src} meta l4proto ${protocol === 'icmpv6' ? 'ipv6-icmp' : protocol}`
    : `${protocol} dport ${dport}`

/** Whoever asked too often is dropped. */
export const banned: Kind = {
  name: 'a ban for asking too often',
  make: (scene) =>
    asked(scene)
      .filter((met) => met.type === 'filter' && ofRule(met, 'accept'))
      .map((met): Fault => {
        const { table, chain, index, packet } = met
        const ip = addressWord(packet.src!)
        const [set, rule] = scene.random.pick([
          [
            `type ${ip === 'ip' ? 'ipv4' : 'ipv6'}_addr; size 128; flags dynamic,timeout; timeout 10m;`,
            `${someService(packet)} update @callers { ${ip} saddr limit rate over 1/hour burst 1 packets } drop`,
          ],
          [
            `type ${ip === 'ip' ? 'ipv4' : 'ipv6'}_addr; size 128; flags dynamic,timeout; timeout 10m;`,
            `${someService(packet)} ${ip} saddr @callers drop`,
          ],
        ] as const)
        const learn: string[] = rule.includes('update') ? [] : [`${someService(packet)} add @callers { ${ip} saddr }`]
        // what fills the set stands behind what asks it
        const at = inserted(scene.setup.tables, table, chain, index, rule)
        const filled = learn.length > 0 ? inserted(at, table, chain, index + 1, learn[0]!) : at
        const tables = filled.map((one) =>
          one.name === table
            ? {
                ...one,
                sets: [...(one.sets ?? []), { kind: 'set' as const, name: 'callers', define: set, elements: [] }],
              }
            : one,
        )
        return {
          kind: 'a ban for asking too often',
          about: `${table} ${chain}, in front of rule ${index + 1}: ${rule}`,
          variant: { tables },
          culprits: [ruleAt({ table, chain, index })],
          async before(stage) {
            await stage.put({ tables })
            for (let n = 0; n < 2; n++) await stage.ask(scene.probe)
          },
        }
      }),
}

/** Where the packet leaves, behind all of IP's chains; and where the answer comes in, in front of them. */
export const atTheDevice: Kind = {
  name: 'a drop at a device',
  make: (scene) => {
    const { probe, topology, healthy, met } = scene
    const out = healthy.arrived.startsWith('router') ? undefined : topology.sides[placeOf(healthy.arrived).side]
    const last = met.findLast(({ of }) => of === 'question')
    const table = (hook: string, device: string, packet: Met['packet']): Fault => {
      const made = ownTable(
        scene,
        'a drop at a device',
        'card',
        `type filter hook ${hook} device "${device}" priority 0`,
        `${addressWord(packet.src!)} saddr ${packet.src} counter drop`,
      )
      const rename = (name: string) => name.replace('inet ', 'netdev ')
      return {
        ...made,
        about: rename(made.about),
        variant: {
          tables: made.variant.tables!.map((one) => ({
            ...one,
            name: one.name === 'inet card' ? 'netdev card' : one.name,
          })),
        },
        culprits: [{ rule: { table: 'netdev card', chain: 'guard', ruleNumber: 1 } }],
      }
    }
    const back = met.findLast(({ of }) => of === 'answer')
    return [
      ...(out && last ? [table('egress', out.interface, last.packet)] : []),
      ...(probe.at !== 'router' && back
        ? [table('egress', topology.sides[probe.at].interface, { src: probe.packet.dst! })]
        : []),
    ]
  },
}
