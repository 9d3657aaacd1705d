import { atLeastOne, defineTarget, type Given, type Option, type RuleContext, WordError, word } from '../extension.ts'
import { leadingOnes, readMask } from '../values/addresses.ts'
import { readNumber, u16, u32 } from '../values/numbers.ts'

/** What is hashed: `ct`, the connection's original direction; or parts of the packet, which stand for whole masks. */
const PARTS = ['ct', 'src', 'dst', 'sport', 'dport', 'proto', 'spi']

const tuple: Option<string[]> = word(
  (text) =>
    text.split(',').map((one) => {
      const part = one === '' ? undefined : PARTS.find((name) => name.startsWith(one.toLowerCase()))
      if (!part) throw new WordError(`"${one}" is none of ${PARTS.join(', ')}`)
      return part
    }),
  (parts) => parts.join(','),
)

const prefix: Option<number> = word((text, { family }) => leadingOnes(readMask(text, family)), String)

const options = {
  'hmark-tuple': tuple,
  'hmark-src-prefix': prefix,
  'hmark-dst-prefix': prefix,
  'hmark-sport-mask': u16(),
  'hmark-dport-mask': u16(),
  'hmark-spi-mask': u32(),
  'hmark-sport': u16(),
  'hmark-dport': u16(),
  'hmark-spi': u32(),
  'hmark-proto-mask': u16(),
  'hmark-rnd': u32({ required: true }),
  'hmark-mod': word((text) => readNumber(text, 0xffffffff, 1), String, { required: true }),
  'hmark-offset': u32(),
}

/** In the order they are printed, with the number of hex digits; 0: decimal. */
const PRINTED: readonly [string, number][] = [
  ['hmark-src-prefix', 0],
  ['hmark-dst-prefix', 0],
  ['hmark-sport-mask', 4],
  ['hmark-dport-mask', 4],
  ['hmark-spi-mask', 8],
  ['hmark-sport', 4],
  ['hmark-dport', 4],
  ['hmark-spi', 8],
  ['hmark-proto-mask', 2],
  ['hmark-rnd', 8],
  ['hmark-mod', 0],
  ['hmark-offset', 0],
]

interface Hash {
  ct: boolean
  /** Option → number; a part of the tuple is there as its mask. */
  numbers: Record<string, number>
}

function collect(given: readonly Given[], { family }: RuleContext): Hash {
  const width = family === 'ip' ? 32 : 128
  const hash: Hash = { ct: false, numbers: {} }
  const whole: Readonly<Record<string, [option: string, value: number]>> = {
    src: ['hmark-src-prefix', width],
    dst: ['hmark-dst-prefix', width],
    sport: ['hmark-sport-mask', 0xffff],
    dport: ['hmark-dport-mask', 0xffff],
    proto: ['hmark-proto-mask', 0xffff],
    spi: ['hmark-spi-mask', 0xffffffff],
  }
  if (given.filter(({ option }) => option === 'hmark-tuple').length > 1)
    throw new WordError('--hmark-tuple is given twice')
  for (const { option, value } of given) {
    if (option !== 'hmark-tuple') {
      if (option in hash.numbers) throw new WordError(`--${option} is given twice`)
      hash.numbers[option] = value as number
      continue
    }
    for (const part of value as string[]) {
      if (part === 'ct') hash.ct = true
      else hash.numbers[whole[part]![0]] = whole[part]![1]
    }
  }
  return hash
}

/** `-j HMARK`: a mark from a hash of addresses and ports, for spreading load; the packet goes on (libxt_HMARK.c). */
export const HMARK = defineTarget({
  name: 'HMARK',
  options,
  collect,
  check({ ct, numbers }: Hash) {
    for (const kind of ['', '-mask'])
      if (`hmark-spi${kind}` in numbers && [`hmark-sport${kind}`, `hmark-dport${kind}`].some((port) => port in numbers))
        throw new WordError(`--hmark-spi${kind} and ports exclude each other`)
    const parts = PRINTED.map(([name]) => name).slice(0, 9)
    if (!ct) atLeastOne(numbers, ...parts)
  },
  print({ ct, numbers }) {
    const words: string[] = []
    for (const [name, digits] of PRINTED) {
      const value = numbers[name]
      if (value === undefined) continue
      words.push(`--${name}`, digits === 0 ? String(value) : `0x${value.toString(16).padStart(digits, '0')}`)
    }
    return ct ? [...words, '--hmark-tuple', 'ct'] : words
  },
  statements: () => [
    { kind: 'unknown', text: '-j HMARK', reason: 'the mark comes from a hash', fields: ['meta mark'] },
  ],
})
