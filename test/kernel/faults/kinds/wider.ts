/** What was meant for others hits this traffic too; and what names the network is old: an interface, an element, a routing rule. */
import { type Fault, type Kind, type Met, replaced, ruleAt, type Scene, targetOf } from '../fault.ts'
import type { Table } from '../table.ts'
import { added, ip, isIpv6 } from './changes.ts'

/** Chains that the question went through, and how far: rules of others in front of those that it met may come to hit it. */
export function placesInFront({ met, setup }: Scene): { table: string; chain: string; index: number; rule: string }[] {
  const ends = new Map<string, Met>()
  for (const one of met) {
    const last = ends.get(`${one.table} ${one.chain}`)
    if (one.of === 'question' && one.index > (last?.index ?? -1)) ends.set(`${one.table} ${one.chain}`, one)
  }
  return [...ends.values()].flatMap(({ table, chain, index: end }) => {
    const there = setup.tables.find(({ name }) => name === table)!.chains.find(({ name }) => name === chain)!
    return there.rules
      .map((rule, index) => ({ table, chain, index, rule }))
      .slice(0, end)
      .filter(({ index }) => !met.some((one) => one.table === table && one.chain === chain && one.index === index))
  })
}

/** One condition less, so that others' rule decides about this traffic. */
export const conditionMissing: Kind = {
  name: 'a condition missing',
  make: (scene) =>
    placesInFront(scene).flatMap(({ table, chain, index, rule }) => {
      if (['LOG', 'TRACE', undefined].includes(targetOf(rule))) return []
      const isNat = /NAT|REDIRECT|MASQUERADE/.test(targetOf(rule)!)
      return [
        / ?(?:! )?-[sd] \S+/,
        / ?(?:! )?-[io] \S+/,
        / ?-m conntrack (?:! )?--ctstate \S+/,
        / ?-m set (?:! )?--match-set \S+ \S+/,
        / ?-m tcp --[sd]port \S+/,
        / ?-m udp --[sd]port \S+/,
        / ?-m multiport --[sd]ports \S+/,
      ].flatMap((words): Fault[] => {
        const now = rule.replace(words, '').trim()
        // a port needs its protocol there
        if (now === rule || (isNat && !/^.*-p /.test(now) && /:\d+$|--to-ports/.test(now))) return []
        return [
          {
            kind: 'a condition missing',
            about: `-t ${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
            variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
            culprits: [ruleAt({ table, chain, index })],
          },
        ]
      })
    }),
}

/** Names of chains stay. */
function renamed(tables: readonly Table[], from: string, to: string): Table[] {
  const name = new RegExp(`(?<=-[io] |")${from}(?= |"|$)`, 'g')
  const all = (texts: readonly string[]) => texts.map((text) => text.replace(name, to))
  return tables.map((table) => ({
    ...table,
    ...(table.sets ? { sets: table.sets.map((set) => ({ ...set, elements: all(set.elements) })) } : {}),
    chains: table.chains.map((chain) => ({ ...chain, rules: all(chain.rules) })),
  }))
}

/** The rules are as they were when the interface had its old name. */
export const interfaceRenamed: Kind = {
  name: 'an interface renamed',
  make: ({ met, setup, topology: { sides }, random }) =>
    [sides.left.interface, sides.right.interface].flatMap((name): Fault[] => {
      const old = random.pick(['eth0', 'enp3s0', 'br-lan'])
      const by = (rule: string) => new RegExp(`(?:-[io] |[io]ifname .*")${name}\\b`).test(rule)
      const told = met.filter(({ rule = '' }) => by(rule) || /ifname.* vmap @/.test(rule))
      // an index is that of an interface that is there
      if (told.length === 0 || setup.tables.some(({ chains }) => JSON.stringify(chains).includes(`if \\"${name}`)))
        return []
      return [
        {
          kind: 'an interface renamed',
          about: `${old} in all rules, in place of ${name}`,
          variant: { tables: renamed(setup.tables, name, old) },
          // any rule that names it, or the map that has the name
          culprits: [
            ...told.map(ruleAt),
            ...setup.tables
              .flatMap(({ sets = [] }) => sets)
              .filter(({ elements }) => elements.some((one) => one.includes(name)))
              .map((set) => ({ code: 'not-in-set', words: [set.name] })),
          ],
        },
      ]
    }),
}

/** What the machine's own rules of routing lead to is not come to any more: one is gone, or stands behind the main table's. */
export const routingRule: Kind = {
  name: 'a routing rule gone or too late',
  make: (scene) => {
    const { setup } = scene
    if (isIpv6(scene)) return []
    return (setup.routing?.add ?? [])
      .filter((line) => line.startsWith('rule add '))
      .flatMap((line): Fault[] => {
        const table = /lookup (\S+)/.exec(line)![1]!
        const fault = (about: string, changes: Fault['variant']['changes']): Fault => ({
          kind: 'a routing rule gone or too late',
          about,
          variant: { changes: changes! },
          culprits: [
            'mark-missing',
            'wrong-way-out',
            'vanished-rp-filter',
            'vanished-no-route',
            'reply-by-other-uplink',
            'reply-dropped',
          ].map((code) => ({ code, words: [`table ${table}`] })),
        })
        const gone = ip(line.replace(' add ', ' del '), line)
        const late = line.replace(/pref \d+/, 'pref 32800')
        return [fault(`ip ${line.replace(' add ', ' del ')}`, [gone]), fault(`ip ${late}`, [gone, added(late)])]
      })
  },
}

/** The mask of a mark, where it is set, asked for, kept or brought back: it leaves out the bits that matter. */
export const wrongMask: Kind = {
  name: 'a wrong mask of a mark',
  make: ({ met, setup }) =>
    met.flatMap(({ table, chain, index, rule = '' }): Fault[] => {
      const shifted = (mask: string) => `0x${(Number(mask) * 0x100).toString(16)}`
      const now = rule
        .replace(/(--(?:set-x?)?mark 0x[\da-f]+\/)(0x[\da-f]+)/, (_, words, mask) => `${words}${shifted(mask)}`)
        .replace(
          /(--nfmask )(0x[\da-f]+) (--ctmask )(0x[\da-f]+)/,
          (_, a, one, b, two) => `${a}${shifted(one)} ${b}${shifted(two)}`,
        )
        .replace(/(mark & )(0x[\da-f]+)/, (_, words, mask) => `${words}${shifted(mask)}`)
      if (now === rule || /0x[\da-f]{9,}/.test(now)) return []
      return [
        {
          kind: 'a wrong mask of a mark',
          about: `${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
}

/** Neither brought back nor kept: the mark of the connection. */
export const markNotKept: Kind = {
  name: 'the mark of a connection not kept',
  make: ({ met, setup }) =>
    met.flatMap(({ table, chain, index, rule = '' }): Fault[] =>
      /CONNMARK --(?:restore|save)-mark|meta mark set ct mark|ct mark set (?:meta )?mark/.test(rule)
        ? [
            {
              kind: 'the mark of a connection not kept',
              about: `${table} ${chain} ${index + 1} deleted: ${rule}`,
              variant: {
                tables: setup.tables.map((one) =>
                  one.name !== table
                    ? one
                    : {
                        ...one,
                        chains: one.chains.map((each) =>
                          each.name === chain ? { ...each, rules: each.rules.toSpliced(index, 1) } : each,
                        ),
                      },
                ),
              },
              culprits: [{ chain: { table, chain } }],
            },
          ]
        : [],
    ),
}

/** The address of a neighbour, or a network that is too small, in an ipset. */
export const wrongElement: Kind = {
  name: 'a wrong element',
  make: ({ setup, met }) =>
    met.flatMap(({ rule = '' }) => {
      const set = /--match-set (\S+)/.exec(rule)?.[1]
      const lines = setup.sets ?? []
      return lines.flatMap((line, i): Fault[] => {
        const now = line.startsWith(`add ${set} `) ? otherElement(line) : line
        if (lines.includes(now)) return []
        return [
          {
            kind: 'a wrong element',
            about: `ipset ${now}, in place of ${line}`,
            variant: { sets: lines.with(i, now) },
            culprits: ['not-in-set', 'mark-missing'].map((code) => ({ code, words: [set!] })),
          },
        ]
      })
    }),
}

/** `10.0.0.0/24` → `10.0.0.0/29`, `10.0.0.5` → `10.0.0.6`. */
export const otherElement = (element: string): string =>
  element
    .replace(/(?<=[\d.]\/)(\d+)/, (bits) => (Number(bits) < 29 ? '29' : bits))
    .replace(/(?<=[\da-f:]::\/)(\d+)/, () => '125')
    .replace(/(\d+\.\d+\.\d+\.)(\d+)(?![\d./])/, (_, net, last) => `${net}${(Number(last) + 1) % 250}`)
    .replace(/(?<=[\da-f]:)(?!:)([\da-f]+)(?=$| )/, (last) => (Number.parseInt(last, 16) + 1).toString(16))
