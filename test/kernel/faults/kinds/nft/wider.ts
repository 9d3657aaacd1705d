/** What was meant for others hits this traffic too, a rule for one family, and elements that name too little; in nft's words. */
import { type Fault, type Kind, replaced, ruleAt } from '../../fault.ts'
import { otherElement, placesInFront } from '../wider.ts'
import { addressWord, verdictKind } from './words.ts'

/** One condition less, so that others' rule decides about this traffic. */
export const conditionMissing: Kind = {
  name: 'a condition missing',
  make: (scene) =>
    placesInFront(scene).flatMap(({ table, chain, index, rule }) => {
      if (verdictKind(rule) === undefined || /map|@\S+ \{/.test(rule)) return []
      return [
        /(?:^| )ip6? [sd]addr (?:!= )?(?:\{[^}]*\}|\S+)(?= )(?! \.)/,
        /(?:^| )[io]if(?:name)? (?:!= )?(?:\{[^}]*\}|"[^"]*")/,
        /(?:^| )ct (?:state|status) (?:\{[^}]*\}|\S+)/,
        /(?<=tcp|udp) dport (?:\{[^}]*\}|\S+)/,
      ].flatMap((words): Fault[] => {
        const now = rule
          .replace(words, '')
          .trim()
          .replace(/(?<=^| )(?<!l4proto )(tcp|udp)(?= (?!dport|sport|flags|option|reset))/, 'meta l4proto $1')
        if (now === rule || / \. /.test(rule)) return []
        return [
          {
            kind: 'a condition missing',
            about: `${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
            variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
            culprits: [ruleAt({ table, chain, index })],
          },
        ]
      })
    }),
}

/** A rule of an inet table that was meant for both families asks for the other one. */
export const oneFamily: Kind = {
  name: 'the other address family',
  make: ({ met, setup, probe }) =>
    met.flatMap(({ table, chain, index, rule = '' }): Fault[] => {
      if (!table.startsWith('inet') || ['drop', 'reject', undefined].includes(verdictKind(rule))) return []
      const other = addressWord(probe.packet.src!) === 'ip' ? 'ipv6' : 'ipv4'
      if (/\bip6? |nfproto|icmp/.test(rule)) return []
      const now = `meta nfproto ${other} ${rule}`
      return [
        {
          kind: 'the other address family',
          about: `${table} ${chain} ${index + 1}: ${now}`,
          variant: { tables: replaced(setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
}

/** The address of a neighbour, a network or a range that is too small, in a set or as a map's key. */
export const wrongElement: Kind = {
  name: 'a wrong element',
  make: ({ met, setup }) =>
    met.flatMap(({ rule = '', table }) => {
      const name = /@([^\s,]+)/.exec(rule)?.[1]
      const set = setup.tables.find((one) => one.name === table)?.sets?.find((one) => one.name === name)
      return (set?.elements ?? []).flatMap((element, i): Fault[] => {
        const [key = '', data] = element.split(' : ')
        const other = key.replace(/^(\d+)-\d+$/, '$1').replace(/(?<!["\w.])[\da-f.:]+[.:][\da-f.:/]*/, otherElement)
        const now = data === undefined ? other : `${other} : ${data}`
        if (now === element || set!.elements.includes(other)) return []
        return [
          {
            kind: 'a wrong element',
            about: `${now} in place of ${element} of ${table} ${name}`,
            variant: {
              tables: setup.tables.map((one) =>
                one.name !== table
                  ? one
                  : {
                      ...one,
                      sets: one.sets!.map((each) =>
                        each.name === name ? { ...each, elements: each.elements.with(i, now) } : each,
                      ),
                    },
              ),
            },
            culprits: ['not-in-set', 'mark-missing'].map((code) => ({ code, words: [name!] })),
          },
        ]
      })
    }),
}
