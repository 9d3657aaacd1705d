/** One case: files and words, made out of seeds by chance, and what the program is asked to do with them. */
import { applySources, filterSources, ruleSources, specSources } from './commands.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'
import type { Seed, Seeds } from './seeds.ts'

/** What is done, and how often of a hundred. */
const KINDS = {
  explain: 30,
  simulate: 20,
  rules: 12,
  pieces: 12,
  redact: 10,
  words: 8,
  flows: 5,
  archive: 3,
} as const
export type Kind = keyof typeof KINDS

export interface CaseFile {
  name: string
  /** One byte is one letter. */
  text: string
}

/** Plain data: a smaller case is made of it by leaving things out. */
export interface Case {
  kind: Kind
  files: CaseFile[]
  /** Texts as a person types them: filters, packets, commands. */
  words: { filter?: string; rule?: string; packets: string[]; apply: string[] }
  options: Options
}

export interface Options {
  form: number
  width: number
  colour: boolean
  unicode: boolean
  full: boolean
  unmatched: boolean
  redact: boolean
  /** For pieces, places of a secret and the like. */
  number: number
}

/** Without making it. */
export const kindOf = (seed: number, number: number): Kind => pickKind(new Random(seed, number))

export function makeCase(seeds: Seeds, seed: number, number: number): Case {
  const random = new Random(seed, number)
  const kind = pickKind(random)
  const other = () => seeds.any(random).text
  const damaged = (one: Seed, part: number): string =>
    random.chance(part) ? mutate(one.text, random, other) : one.text
  const files = filesOf[kind](seeds, random).map((one, i) => ({
    name: `${i}${random.chance(0.02) ? random.pick(ODD_NAMES) : ''}`,
    text: damaged(one, i === 0 ? 0.9 : 0.5),
  }))
  return { kind, files, words: wordsOf(kind, random, other), options: optionsOf(random) }
}

const ODD_NAMES: readonly string[] = [' 2026-11-20', '$(x)', '\x1b[2J', '\u202e', "'", '.v4', '\n']

function pickKind(random: Random): Kind {
  let left = random.below(100)
  for (const [kind, part] of Object.entries(KINDS)) {
    left -= part
    if (left < 0) return kind as Kind
  }
  return 'explain'
}

/** A capture, and what lies beside it; or rules of another machine. */
function scene(seeds: Seeds, random: Random): Seed[] {
  const capture = seeds.pick(random, 'capture')
  const files = [capture]
  for (const kind of ['ruleset', 'host', 'host'] as const) {
    const near = seeds.beside(capture, kind)
    if (near.length > 0) files.push(random.pick(near))
    else if (random.chance(kind === 'ruleset' ? 0.6 : 0.2)) files.push(seeds.pick(random, kind))
  }
  if (random.chance(0.1)) files.push(seeds.any(random))
  return [...new Set(files)]
}

function machine(seeds: Seeds, random: Random): Seed[] {
  const ruleset = seeds.pick(random, 'ruleset')
  const near = seeds.beside(ruleset, 'host')
  const files = [ruleset]
  for (let i = random.below(4); i > 0; i--)
    files.push(near.length > 0 && random.chance(0.8) ? random.pick(near) : seeds.pick(random, 'host'))
  return [...new Set(files)]
}

const twice = (seed: Seed): Seed[] => [seed, seed]

const filesOf: Readonly<Record<Kind, (seeds: Seeds, random: Random) => Seed[]>> = {
  explain: scene,
  simulate: machine,
  rules: (seeds, random) => twice(seeds.pick(random, 'ruleset')),
  pieces: (seeds, random) => [seeds.pick(random, 'capture')],
  redact: (seeds, random) => [seeds.pick(random, random.pick(['capture', 'ruleset', 'host'] as const))],
  words: (seeds, random) => [seeds.pick(random, 'ruleset')],
  flows: (seeds, random) => [...scene(seeds, random), seeds.ofFormat(random, 'conntrack')],
  archive: scene,
}

function wordsOf(kind: Kind, random: Random, other: () => string): Case['words'] {
  const some = (sources: readonly string[], part: number): string => {
    const text = random.pick(sources)
    return random.chance(part) ? mutate(text, random, random.chance(0.9) ? () => random.pick(sources) : other) : text
  }
  const asked = kind === 'words' || random.chance(0.15)
  const plays = kind === 'simulate' || kind === 'words'
  return {
    ...(asked ? { filter: some(filterSources(), 0.8) } : {}),
    ...(asked && random.chance(0.3) ? { rule: some(ruleSources, 0.8) } : {}),
    packets: plays ? Array.from({ length: 1 + random.below(3) }, () => some(specSources, 0.5)) : [],
    apply:
      plays && random.chance(0.6) ? Array.from({ length: 1 + random.small(3) }, () => some(applySources(), 0.6)) : [],
  }
}

const optionsOf = (random: Random): Options => ({
  form: random.below(1000),
  width: random.pick([80, 80, 80, 40, 200]),
  colour: random.chance(0.4),
  unicode: random.chance(0.8),
  full: random.chance(0.4),
  unmatched: random.chance(0.2),
  redact: random.chance(0.1),
  number: random.next(),
})
