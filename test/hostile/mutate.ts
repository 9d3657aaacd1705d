/** What happens to a file on its way to us, by chance or by somebody's will. A byte is a letter. */
import { mutateBinary } from './mutate-binary.ts'
import { mutateJson } from './mutate-json.ts'
import type { Random } from './random.ts'
import { NAMES, NESTS, NUMBERS, WORDS } from './words.ts'

/** Nothing grows beyond this: what more of the same does to a reader is asked elsewhere. Characters. */
const LONGEST = 30_000
/** How often a token, a line or a bracket is repeated at most. */
const MOST_TIMES = 2000

type Mutation = (text: string, random: Random, other: () => string) => string

/** `other`: the text of another file. */
export function mutate(text: string, random: Random, other: () => string): string {
  const isBinary = text.slice(0, 4096).includes('\0')
  let changed = text
  for (let times = 1 + random.small(6); times > 0; times--) {
    const mutation = isBinary && random.chance(0.7) ? mutateBinary : random.pick(random.chance(0.03) ? LARGE : SMALL)
    changed = mutation(changed, random, other)
    if (changed.length > LONGEST) changed = changed.slice(0, LONGEST)
  }
  return changed
}

/** A place, and a length that is mostly short. */
function span(text: string, random: Random): [number, number] {
  const at = random.below(text.length + 1)
  return [at, at + 1 + random.small(random.chance(0.8) ? 40 : text.length)]
}

const put = (text: string, from: number, to: number, by: string): string => text.slice(0, from) + by + text.slice(to)

const TOKEN = /[^\s=:,;"'(){}[\]]+/g

/** One match of a sticky search from a random place on. */
function find(text: string, pattern: RegExp, random: Random): [number, number] | undefined {
  pattern.lastIndex = random.below(text.length + 1)
  const match = pattern.exec(text) ?? pattern.exec(text)
  return match ? [match.index, match.index + match[0].length] : undefined
}

const replaceOne =
  (pattern: RegExp, by: (found: string, random: Random) => string): Mutation =>
  (text, random) => {
    const place = find(text, pattern, random)
    return place ? put(text, ...place, by(text.slice(...place), random)) : text
  }

const onLines =
  (change: (lines: string[], random: Random) => void): Mutation =>
  (text, random) => {
    const lines = text.split('\n')
    change(lines, random)
    return lines.join('\n')
  }

const insert =
  (what: (random: Random) => string): Mutation =>
  (text, random) => {
    const at = random.below(text.length + 1)
    return put(text, at, at, what(random))
  }

const byte = (random: Random): string =>
  random.chance(0.5)
    ? random.pick([...' \n\r\t\0:=,;"\'\\[](){}<>*-!#/.0129aZ|&$`@%\x1b\x7f\x80\x9b\xff'])
    : String.fromCharCode(random.below(256))

const SMALL: readonly Mutation[] = [
  (text, random) => {
    const at = random.below(text.length)
    return put(text, at, at + 1, byte(random))
  },
  insert(byte),
  (text, random) => put(text, ...span(text, random), ''),
  (text, random) => {
    const [from, to] = span(text, random)
    return put(text, from, from, text.slice(from, to))
  },
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.below(text.length + 1)),
  (text, random) => {
    const [from, to] = span(text, random)
    return put(text, from, to, [...text.slice(from, to)].reverse().join(''))
  },
  replaceOne(/-?(?:0x[\da-f]+|\d+)/gi, (_, random) => random.pick(NUMBERS)),
  replaceOne(/-?(?:0x[\da-f]+|\d+)/gi, (_, random) => random.pick(NUMBERS)),
  replaceOne(TOKEN, (_, random) => random.pick(WORDS)),
  replaceOne(TOKEN, (_, random) => random.pick(NAMES)),
  replaceOne(TOKEN, (found, random) => found + random.pick(NAMES)),
  replaceOne(TOKEN, () => ''),
  replaceOne(TOKEN, (found) => `${found} ${found}`),
  replaceOne(/\s+/g, (_, random) => random.pick(['', ' ', '\n', '\t', '  ', '\r\n', ' \\\n'])),
  insert((random) => random.pick(WORDS)),
  insert((random) => ` ${random.pick(NAMES)} `),
  // a name, wherever it stands
  (text, random) => {
    const place = find(text, /[A-Za-z_][\w.-]{2,}/g, random)
    return place ? text.replaceAll(text.slice(...place), () => random.pick(NAMES)) : text
  },
  (text, random) => {
    const place = find(text, /[A-Za-z_][\w.-]{2,}/g, random)
    const name = random.pick(NAMES)
    return place ? text.replaceAll(text.slice(...place), () => name) : text
  },
  onLines((lines, random) => lines.splice(random.below(lines.length), 1 + random.small(10))),
  onLines((lines, random) => {
    const at = random.below(lines.length)
    lines.splice(random.below(lines.length), 0, ...lines.slice(at, at + 1 + random.small(10)))
  }),
  onLines((lines, random) => {
    const [i, k] = [random.below(lines.length), random.below(lines.length)]
    ;[lines[i], lines[k]] = [lines[k]!, lines[i]!]
  }),
  onLines((lines, random) => {
    const at = random.below(lines.length)
    lines.splice(at, 2, lines.slice(at, at + 2).join(random.pick(['', ' '])))
  }),
  onLines((lines, random) => {
    for (let i = lines.length - 1; i > 0; i--) {
      const k = random.below(i + 1)
      ;[lines[i], lines[k]] = [lines[k]!, lines[i]!]
    }
  }),
  (text) => text.replaceAll('\n', '\r\n'),
  (text, random) => random.pick(['\xef\xbb\xbf', '\xff\xfe', '\0', '\n'.repeat(20), '# ']) + text,
  // another file's words in the midst of this one
  (text, random, other) => {
    const [from, to] = span(text, random)
    const part = other()
    const start = random.below(part.length + 1)
    return put(text, from, to, part.slice(start, start + 1 + random.small(part.length)))
  },
  (text, random, other) => {
    const lines = text.split('\n')
    const others = other().split('\n')
    lines[random.below(lines.length)] = random.pick(others)
    return lines.join('\n')
  },
  (text, _random, other) => `${text}\n${other()}`,
  mutateJson,
  mutateJson,
]

const LARGE: readonly Mutation[] = [
  (text, random) => {
    const place = find(text, TOKEN, random)
    if (!place) return text
    const between = random.pick(['', ' ', ',', ' . ', '|', '\n', '/', ':'])
    return put(text, ...place, `${text.slice(...place).slice(0, 100)}${between}`.repeat(random.below(MOST_TIMES)))
  },
  onLines((lines, random) => {
    const at = random.below(lines.length)
    const line = lines[at]!
    const times = Math.min(random.below(MOST_TIMES), Math.ceil(LONGEST / (line.length + 1)))
    lines.splice(at, 1, ...Array<string>(times).fill(line))
  }),
  (text, random) => {
    const [open = '', close = ''] = random.pick(NESTS)
    const times = random.below(MOST_TIMES)
    const [from, to] = span(text, random)
    return put(
      text,
      from,
      to,
      open.repeat(times) + text.slice(from, to) + (random.chance(0.6) ? close.repeat(times) : ''),
    )
  },
  insert((random) =>
    random.pick([' ', '\n', '\r', '\t', '\\', '"', '0', ',', '\0', '=', '#']).repeat(random.below(MOST_TIMES)),
  ),
]
