/** What a rule asks of a field: one value or several, in each way that nft has words for. */
import { compareAddresses, parseAddress } from '../../../src/model/address.ts'
import type { Part } from './case.ts'
import type { Field } from './fields.ts'
import type { Scene } from './scene.ts'

/** `tcp dport { 22, 80-99 }` */
export function ask(scene: Scene, field: Field): Part {
  const { random } = scene
  const { word, type, values, networks = [], masks, isOrdered } = field
  const one = () => String(random.pick(values))
  const inSet = type !== undefined
  return random.weighted<() => Part>([
    [4, () => said(field, one())],
    [2, () => said(field, `!= ${one()}`, '!=')],
    [inSet || isOrdered ? 2 : 0, () => said(field, elementList(scene, field), 'set')],
    [inSet || isOrdered ? 1 : 0, () => said(field, `!= ${elementList(scene, field)}`, '!=', 'set')],
    [networks.length > 0 ? 2 : 0, () => said(field, `${random.pick(['', '!= '])}${random.pick(networks)}`, 'prefix')],
    [networks.length > 0 || isOrdered ? 1 : 0, () => said(field, range(scene, field), 'range')],
    [isOrdered ? 2 : 0, () => comparison(scene, field)],
    [masks ? 2 : 0, () => masked(scene, field)],
    [inSet ? 2 : 0, () => namedSet(scene, field)],
  ])()

  function said({ word: asked }: Field, text: string, ...operations: string[]): Part {
    return { words: [asked, ...operations], text: `${word} ${text}` }
  }
}

function comparison({ random }: Scene, { word, values }: Field): Part {
  const operator = random.pick(['<', '>', '<=', '>='])
  // of unsigned numbers nft takes no comparison that never holds
  const value = Math.max(1, Number(random.pick(values)))
  return { words: [word, operator], text: `${word} ${operator} ${value}` }
}

function masked({ random }: Scene, { word, values, masks }: Field): Part {
  const mask = random.pick(masks!)
  const operator = random.pick(['==', '!='])
  return { words: [word, '&'], text: `${word} & ${mask} ${operator} ${under(mask, random.pick(values))}` }
}

function under(mask: string, value: string | number): string {
  if (typeof value === 'number') return String((value & Number(mask)) >>> 0)
  const [bits, bytes] = [parseAddress(mask)!, parseAddress(value)!]
  const kept = bytes.map((byte, i) => byte & bits[i]!)
  return bits.length === 4
    ? kept.join('.')
    : Array.from({ length: 8 }, (_, i) => ((kept[2 * i]! << 8) | kept[2 * i + 1]!).toString(16)).join(':')
}

export function range({ random }: Scene, { values, networks }: Field): string {
  const [one, other] = [random.pick(values), random.pick(values)]
  if (!networks) {
    const [low, high] = [Number(one), Number(other)].sort((a, b) => a - b)
    return `${low}-${high! > low! ? high : low! + 1}`
  }
  const [low, high] = [String(one), String(other)].sort((a, b) => compareAddresses(parseAddress(a)!, parseAddress(b)!))
  return low === high ? low! : `${low}-${high}`
}

/** Elements that do not overlap, as an interval set wants them. */
export function elements(scene: Scene, field: Field, intervals: boolean): string[] {
  const { random } = scene
  const { values, networks, isOrdered } = field
  const list = random.some([...new Set(values.map(String))], random.int(1, 3))
  if (!intervals || !random.chance(0.5)) return list
  // networks in each other are one to nft, where a set merges them, or none
  if (networks)
    return random.chance(0.5) ? [random.pick(networks)] : networks.filter((one) => !/\/(16|31|32|127)$/.test(one))
  if (isOrdered) return [range(scene, field)]
  return list
}

export function elementList(scene: Scene, field: Field): string {
  return `{ ${elements(scene, field, true).join(', ')} }`
}

export const isInterval = (list: readonly string[]): boolean => list.some((one) => /\/|^[\d.]+-|^[\da-f:]+-/.test(one))

/** `ip saddr @s3` */
function namedSet(scene: Scene, field: Field): Part {
  const { random } = scene
  const list = elements(scene, field, true)
  const interval = isInterval(list)
  const isCatchAll = interval && random.chance(0.15)
  const words = ['named set', ...(interval ? ['interval set'] : []), ...(isCatchAll ? ['catch-all element'] : [])]
  const counter = random.chance(0.15) ? 'counter; ' : ''
  const timeout = random.chance(0.15) ? 'timeout 1h; ' : ''
  const name = scene.define(
    words,
    's',
    (one) =>
      `set ${one} { type ${field.type}; ${flags(interval)}${timeout}${counter}elements = { ${[...list, ...(isCatchAll ? ['*'] : [])].join(', ')} } }`,
  )
  const not = random.chance(0.3)
  return { words: [field.word, ...(not ? ['!='] : [])], text: `${field.word} ${not ? '!= ' : ''}@${name}` }
}

const flags = (interval: boolean): string => (interval ? 'flags interval; ' : '')

/** `ip saddr . tcp dport { 10.0.1.2 . 80 }`, of two or three fields. */
export function concatenation(scene: Scene): Part {
  const { random } = scene
  const fields = keyFields(scene)
  const word = fields.map((field) => field.word).join(' . ')
  const withIntervals = random.chance(0.3)
  const list = Array.from({ length: random.int(1, 3) }, () => tuple(scene, fields, withIntervals))
  const unique = withIntervals ? apart(list) : [...new Set(list)]
  const words = [...fields.map((field) => field.word), 'concatenation', ...(withIntervals ? ['interval set'] : [])]
  const not = random.chance(0.25) ? '!= ' : ''
  if (random.chance(0.5)) return { words, text: `${word} ${not}{ ${unique.join(', ')} }` }
  const type = fields.map((field) => field.type).join(' . ')
  const name = scene.define(
    ['named set'],
    's',
    (one) => `set ${one} { type ${type}; ${flags(withIntervals)}elements = { ${unique.join(', ')} } }`,
  )
  return { words, text: `${word} ${not}@${name}` }
}

/** Of elements with intervals those that differ in a single value: nft refuses what overlaps. */
function apart(list: readonly string[]): string[] {
  const kept: string[][] = []
  for (const parts of list.map((one) => one.split(' . '))) {
    const differs = (other: readonly string[]) =>
      parts.some(
        (part, i) => part !== other[i] && ![part, other[i]!].some((one) => /\/\d|\d-\d|[\da-f]-[\d:]/.test(one)),
      )
    if (kept.every(differs)) kept.push(parts)
  }
  return kept.map((parts) => parts.join(' . '))
}

/** Two or three that one packet can have. */
export function keyFields(scene: Scene, most = 3): Field[] {
  const { random } = scene
  const list = scene.fields.filter(({ type }) => type !== undefined)
  return random.some(list, random.int(2, most))
}

export const tuple = (scene: Scene, fields: readonly Field[], withIntervals: boolean): string =>
  fields
    .map((field) => {
      if (!withIntervals || !scene.random.chance(0.5)) return scene.random.pick(field.values)
      if (field.networks) return scene.random.pick(field.networks)
      return field.isOrdered ? range(scene, field) : scene.random.pick(field.values)
    })
    .join(' . ')
