/** Elements and keys that are missing from sets and maps, or lead elsewhere; marks that get lost. */
import { type Fault, inserted, type Kind, replaced, ruleAt, type Scene } from '../../fault.ts'
import type { NamedSet, Table } from '../../table.ts'
import { otherPort } from './wrong.ts'

const withSet = (tables: readonly Table[], table: string, set: NamedSet): Table[] =>
  tables.map((one) =>
    one.name !== table ? one : { ...one, sets: one.sets!.map((each) => (each.name === set.name ? set : each)) },
  )

interface Asked {
  table: string
  set: NamedSet
}

/** The named sets and maps that rules of the traffic ask. */
const askedSets = ({ met, setup }: Scene): Asked[] =>
  met.flatMap(({ rule = '', table }) => {
    const name = /@(\S+)/.exec(rule)?.[1]
    const set = setup.tables.find((one) => one.name === table)?.sets?.find((one) => one.name === name)
    return set ? [{ table, set }] : []
  })

const changed = (scene: Scene, kind: string, { table, set }: Asked, elements: string[], about: string): Fault => ({
  kind,
  about: `${about} of ${table} ${set.name}`,
  variant: { tables: withSet(scene.setup.tables, table, { ...set, elements }) },
  culprits: [{ code: 'not-in-set', words: [set.name] }],
})

const missing = (kind: string, of: NamedSet['kind']): Kind => ({
  name: kind,
  make: (scene) =>
    askedSets(scene)
      .filter(({ set }) => set.kind === of)
      .flatMap((one) =>
        one.set.elements.map((element, i) =>
          changed(scene, kind, one, one.set.elements.toSpliced(i, 1), `without ${element}`),
        ),
      ),
})

export const elementGone = missing('a set element gone', 'set')
export const keyGone = missing('a map key gone', 'map')

/** The key is there, with a slip. */
export const wrongKey: Kind = {
  name: 'a wrong key in a map',
  make: (scene) =>
    askedSets(scene)
      .filter(({ set }) => set.kind === 'map')
      .flatMap((one) =>
        one.set.elements.flatMap((element, i) => {
          const port = /(?<![\w.])(\d+)(?=( comment "[^"]*")? : )/.exec(element)?.[1]
          if (port === undefined) return []
          const now = element.replace(
            new RegExp(`(?<![\\w.])${port}(?=( comment "[^"]*")? : )`),
            String(otherPort(Number(port), scene.random)),
          )
          return [
            changed(scene, 'a wrong key in a map', one, one.set.elements.with(i, now), `${now} in place of ${element}`),
          ]
        }),
      ),
}

/** It gives something else than was meant. */
export const wrongData: Kind = {
  name: 'a map gives something else',
  make: (scene) =>
    scene.met.flatMap(({ rule = '', table, chain, index }) => {
      const one = askedSets({ ...scene, met: scene.met.filter((met) => met.rule === rule && met.table === table) })[0]
      if (one?.set.kind !== 'map') return []
      const { set } = one
      return set.elements.flatMap((element, i) => {
        const [key, data] = element.split(' : ') as [string, string]
        const others = set.elements.map((other) => other.split(' : ')[1]!).filter((other) => other !== data)
        const instead = /verdict/.test(set.define) ? [...others, 'drop'] : others
        if (instead.length === 0) return []
        const now = `${key} : ${scene.random.pick(instead)}`
        return [
          {
            ...changed(
              scene,
              'a map gives something else',
              one,
              set.elements.with(i, now),
              `${now} in place of ${element}`,
            ),
            culprits: [ruleAt({ table, chain, index })],
          },
        ]
      })
    }),
}

/** A list that a rule itself has, without what the traffic is. */
export const listedGone: Kind = {
  name: 'an element missing from a rule',
  make: ({ met, setup }) =>
    met.flatMap(({ table, chain, index, rule = '' }) => {
      const [list] = /(?<!th dport map |numgen random mod \d+ vmap )\{[^}]+,[^}]+\}/.exec(rule) ?? []
      if (list === undefined || /numgen/.test(rule)) return []
      const elements = list
        .slice(1, -1)
        .split(',')
        .map((one) => one.trim())
      return elements.map((element, i) => {
        const now = rule.replace(list, `{ ${elements.toSpliced(i, 1).join(', ')} }`)
        return {
          kind: 'an element missing from a rule',
          about: `${table} ${chain} ${index + 1}: ${now}, without ${element}`,
          variant: { tables: replaced(setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        }
      })
    }),
}

/** Whoever is meant to pass stands on a list of those that are not. */
export const elementTooMany: Kind = {
  name: 'an element too many',
  make: (scene) => {
    const { setup, met, healthy } = scene
    return setup.tables.flatMap((table) =>
      table.chains.flatMap((chain) =>
        chain.rules.flatMap((rule, index) => {
          const [, side, name] = /ip6? ([sd]addr) @(\S+) (?:counter )?drop/.exec(rule) ?? []
          const set = table.sets?.find((one) => one.name === name)
          if (!set || !met.some((one) => one.table === table.name && one.chain === chain.name && one.of === 'question'))
            return []
          const { packet } = met.find((one) => one.chain === chain.name && one.of === 'question') ?? healthy.sent
          const element = (side === 'saddr' ? packet.src : packet.dst)!
          return [
            {
              ...changed(
                scene,
                'an element too many',
                { table: table.name, set },
                [...set.elements, element],
                `${element} too many`,
              ),
              culprits: [ruleAt({ table: table.name, chain: chain.name, index })],
            },
          ]
        }),
      ),
    )
  },
}

/** A mark that a rule behind asks for is taken away in between. */
export const markDropped: Kind = {
  name: 'a mark dropped later',
  make: ({ met, setup }) =>
    met.flatMap((setter, i) => {
      if (!/meta mark set/.test(setter.rule ?? '') || /xor/.test(setter.rule!)) return []
      return met
        .slice(i + 1)
        .filter(({ of, rule }) => of === setter.of && rule !== undefined)
        .slice(0, 3)
        .map(({ table, chain, index }) => ({
          kind: 'a mark dropped later',
          about: `${table} ${chain}, in front of rule ${index + 1}: meta mark set 0`,
          variant: { tables: inserted(setup.tables, table, chain, index, 'meta mark set 0') },
          culprits: [ruleAt({ table, chain, index })],
        }))
    }),
}
