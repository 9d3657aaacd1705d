/** Rules that do something else than dropping, and lose the packet all the same. */
import { inserted, isForwarded, type Kind, type Met, replaced, ruleAt, type Scene, targetOf } from '../fault.ts'
import { added, gatewayOn, isIpv6, otherSide, placeOf } from './changes.ts'

const asked = ({ met }: Scene): Met[] => met.filter(({ of }) => of === 'question')

function words({ protocol, src, dst, dport }: Met['packet'], { random }: Scene): string {
  const port = dport === undefined ? '' : ` -m ${protocol} --dport ${dport}`
  return random.pick([`-s ${src}/32`, `-d ${dst}/32 -p ${protocol}`, `-p ${protocol}${port}`])
}

/** A queue that no program reads. */
export const queued: Kind = {
  name: 'a queue without a reader',
  make: (scene) =>
    asked(scene)
      .filter(({ table, chain }) => (table === 'filter' || table === 'mangle') && /^[A-Z]+$/.test(chain))
      .map((met) => {
        const rule = `${words(met.packet, scene)} -j NFQUEUE --queue-num 7`
        return {
          kind: 'a queue without a reader',
          about: `-t ${met.table} -I ${met.chain} 1 ${rule}`,
          variant: { tables: inserted(scene.setup.tables, met.table, met.chain, 0, rule) },
          culprits: [ruleAt({ ...met, index: 0 })],
        }
      }),
}

/** Only what comes in by one interface is in the zone. */
export const zoned: Kind = {
  name: 'a zone in one direction',
  make: (scene) =>
    scene.met
      .filter(({ table, chain, packet }) => table === 'raw' && chain === 'PREROUTING' && packet.in !== undefined)
      .map(({ packet, chain, table }) => {
        const rule = `-i ${packet.in} -j CT --zone 5`
        return {
          kind: 'a zone in one direction',
          about: `-t raw -I PREROUTING 2 ${rule}`,
          variant: { tables: inserted(scene.setup.tables, 'raw', 'PREROUTING', 1, rule) },
          culprits: [ruleAt({ table, chain, index: 1 })],
        }
      }),
}

/** The source becomes an address that is not this machine's, or that of another interface. */
export const snatElsewhere: Kind = {
  name: 'SNAT to a wrong address',
  make: (scene) =>
    asked(scene).flatMap(({ table, chain, index, rule = '' }) => {
      if (table !== 'nat' || !['SNAT', 'MASQUERADE'].includes(targetOf(rule) ?? '')) return []
      const to = scene.random.pick(['192.0.2.77', '172.31.0.5'])
      const now = rule.replace(/-j (?:SNAT --to-source \S+|MASQUERADE.*)/, `-j SNAT --to-source ${to}`)
      return [
        {
          kind: 'SNAT to a wrong address',
          about: `-t nat ${chain} ${index + 1}: ${now}, in place of ${rule}`,
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
    if (!isForwarded(scene) || isIpv6(scene) || scene.probe.at === 'router') return []
    const { side } = placeOf(scene.healthy.arrived)
    const rule = `${words(scene.probe.packet, scene)} -j MARK --set-xmark 0x770000/0xff0000`
    const ways = [`default via ${gatewayOn(otherSide(side), scene)}`, 'blackhole default', 'prohibit default']
    const way = scene.random.pick(ways)
    return [
      {
        kind: 'a mark that leads elsewhere',
        about: `-t mangle -I PREROUTING 1 ${rule}; ip rule add fwmark 0x770000/0xff0000 lookup 77; ip route add ${way} table 77`,
        variant: {
          tables: inserted(scene.setup.tables, 'mangle', 'PREROUTING', 0, rule),
          changes: [added(`route add ${way} table 77`), added('rule add pref 90 fwmark 0x770000/0xff0000 lookup 77')],
        },
        culprits: [ruleAt({ table: 'mangle', chain: 'PREROUTING', index: 0 })],
      },
    ]
  },
}

/** Whoever asked too often is on a list of those that are dropped. */
export const banned: Kind = {
  name: 'a ban for asking too often',
  make: (scene) =>
    asked(scene)
      .filter(({ table, rule = '' }) => table === 'filter' && targetOf(rule) === 'ACCEPT')
      .map(({ table, chain, index, packet }) => {
        const port = packet.dport === undefined ? '' : ` -m ${packet.protocol} --dport ${packet.dport}`
        const such = `-s ${packet.src}/32 -p ${packet.protocol}${port}`
        const [first, second] = scene.random.pick([
          [
            `${such} -m recent --name callers --set`,
            `${such} -m recent --name callers --update --seconds 600 --hitcount 3 -j DROP`,
          ],
          [
            such,
            `${such} -m hashlimit --hashlimit-above 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name callers -j DROP`,
          ],
        ] as const)
        const tables = inserted(inserted(scene.setup.tables, table, chain, index, second), table, chain, index, first)
        return {
          kind: 'a ban for asking too often',
          about: `-t ${table} -I ${chain} ${index + 2} ${second}`,
          variant: { tables },
          culprits: [ruleAt({ table, chain, index: index + 1 })],
          async before(stage) {
            await stage.put({ tables })
            for (let n = 0; n < 3; n++) await stage.ask(scene.probe)
          },
        }
      }),
}

/** Whoever is meant to pass stands in a set of those that are not. */
export const elementTooMany: Kind = {
  name: 'an element too many',
  make: ({ setup, met }) =>
    met.flatMap(({ of, table, chain, packet }) => {
      const rules = setup.tables.find(({ name }) => name === table)!.chains.find(({ name }) => name === chain)!.rules
      return rules.flatMap((rule, index) => {
        const name = /^-m set --match-set (\S+) src -j DROP/.exec(rule)?.[1]
        if (of !== 'question' || name === undefined) return []
        return [
          {
            kind: 'an element too many',
            about: `ipset add ${name} ${packet.src}`,
            variant: { sets: [...setup.sets!, `add ${name} ${packet.src}`] },
            culprits: [ruleAt({ table, chain, index })],
          },
        ]
      })
    }),
}

/** To a proxy that is not there, and without the routing rule and the route that such a rule needs. */
export const proxied: Kind = {
  name: 'TPROXY without a proxy',
  make: (scene) => {
    const { protocol, dport } = scene.probe.packet
    // now and then, as only the proxy's owner can mend it
    if (scene.probe.at === 'router' || isIpv6(scene) || dport === undefined || scene.random.chance(0.75)) return []
    const rule = `-p ${protocol} -m ${protocol} --dport ${dport} -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1`
    return [
      {
        kind: 'TPROXY without a proxy',
        about: `-t mangle -I PREROUTING 1 ${rule}`,
        variant: { tables: inserted(scene.setup.tables, 'mangle', 'PREROUTING', 0, rule) },
        culprits: [ruleAt({ table: 'mangle', chain: 'PREROUTING', index: 0 })],
      },
    ]
  },
}
