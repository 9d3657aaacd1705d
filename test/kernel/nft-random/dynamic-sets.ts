/** Sets that rules fill while packets come, and meters. */
import type { Part } from './case.ts'
import { keyFields } from './operators.ts'
import { MARKS } from './pools.ts'
import type { Scene } from './scene.ts'

const part = (text: string, ...words: string[]): Part => ({ words, text })

const KEYED = /^(ip6? [sd]addr|(tcp|udp|th) [sd]port|meta mark|meta iifname|ct mark)$/

function dynamicKey(scene: Scene): { key: string; type: string; words: string[] } {
  const fields = scene.random.chance(0.3)
    ? keyFields(scene, 2)
    : [scene.field(({ word, type }) => type !== undefined && KEYED.test(word))]
  return {
    key: fields.map(({ word }) => word).join(' . '),
    type: fields.map(({ type }) => type).join(' . '),
    words: [...fields.map(({ word }) => word), ...(fields.length > 1 ? ['concatenation'] : [])],
  }
}

/** Fills a set, or asks one that another rule may fill. */
export function updateSet(scene: Scene): Part {
  const { random } = scene
  const known = scene.named.map(({ text }) => /^set (d\d+) \{ # (.*)\n/.exec(text)).filter((match) => match !== null)
  // a set is asked for about as often as it is filled
  if (known.length > 0 && random.chance(0.6)) {
    const [, name, key] = random.pick(known)
    if (scene.fields.some(({ word }) => key!.split(' . ')[0] === word)) {
      const not = random.chance(0.3) ? '!= ' : ''
      if (random.chance(0.6)) return part(`${key} ${not}@${name}`, 'dynamic set', 'asked for')
      const operation = random.pick(['add', 'update', 'delete'])
      return part(`${operation} @${name} { ${key} }`, 'dynamic set', operation)
    }
  }
  const { key, type, words } = dynamicKey(scene)
  const timeout = random.chance(0.3)
  const size = random.pick([2, 9, 64])
  if (random.chance(0.15)) {
    const name = scene.define(
      ['dynamic map'],
      'd',
      (one) => `map ${one} { # ${key}\ntype ${type} : mark; flags dynamic; size ${size}; }`,
    )
    return part(
      `${random.pick(['add', 'update', 'add', 'update', 'delete'])} @${name} { ${key} : ${random.pick(MARKS)} }`,
      'dynamic map',
      ...words,
    )
  }
  const name = scene.define(
    ['dynamic set'],
    'd',
    (one) =>
      `set ${one} { # ${key}\ntype ${type}; flags dynamic${timeout ? ',timeout' : ''}; size ${size};${timeout ? ' timeout 1h;' : ''} }`,
  )
  const operation = random.pick(['add', 'update'])
  const own = timeout && random.chance(0.5) ? ' timeout 10m' : ''
  const state = random.weighted([
    [5, ''],
    [1, ' counter'],
    [1, ` quota ${random.pick(['over', 'until'])} 60 bytes`],
    [1, ' limit rate over 1/hour burst 9 packets'],
    [scene.isTracked ? 1 : 0, ` ct count ${random.pick(['', 'over '])}1`],
  ])
  return part(
    `${operation} @${name} { ${key}${own}${state} }`,
    'dynamic set',
    operation,
    ...words,
    ...(state ? [`element with${state.split(' ').slice(0, 2).join(' ')}`] : []),
  )
}

export function useMeter(scene: Scene): Part {
  const { random } = scene
  const { key, words } = dynamicKey(scene)
  const state = random.pick([
    'limit rate over 1/hour burst 9 packets',
    `quota ${random.pick(['over', 'until'])} 60 bytes`,
    'counter',
    ...(scene.isTracked ? ['ct count over 1'] : []),
  ])
  return part(`meter x${random.int(0, 1e6)} size 64 { ${key} ${state} }`, 'meter', ...words)
}
