/**
 * What iptables-translate makes of a rule means the same as the rule: both lower to the same conditions and statements.
 * The pairs are those of iptables' own tests (`extensions/*.txlate`).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../../src/rules/iptables/extension.ts'
import { lowerSpec } from '../../src/rules/iptables/lower.ts'
import { readRule } from '../../src/rules/iptables/read.ts'
import { splitWords } from '../../src/rules/iptables/words.ts'
import { lowerRule } from '../../src/rules/nft/lower.ts'
import { statement } from '../../src/rules/nft/normal.ts'
import { parseNft } from '../../src/rules/nft/text/parse.ts'
import { canonicalConditions, canonicalStatements } from './translations/canonical.ts'

const FOLDER = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/iptables-ext-tests/`, import.meta.url)
const reason = existsSync(FOLDER) ? undefined : `no corpus at ${FOLDER.pathname}`
if (reason) console.warn(`iptables-translate's rules are not compared: ${reason}`)

/** Where the translation does not mean what the rule means, or says it in a way that is not comparable; by words in the rule. */
const OTHERWISE: Record<string, string> = {
  '! -i +': 'the translation asks for an interface of a name that none can have',
  '--hbh-len': 'of iptables only that there is such a header is modelled',
  '--rt-len': 'of iptables only that there is such a header is modelled',
  '-j AUDIT': 'an audit record is a log in nft, and not in iptables',
  '--set-xmark 0x16/0x12': 'the translation has and and xor the wrong way round',
  '--right-shift-mark': 'the translation has and and xor the wrong way round',
  '-j TPROXY': 'without a proxy iptables drops, and nft goes on to the next rule',
  '-m cluster': 'the translation also makes the frame one for this host; the hash is known by another name',
  '--label 40 --set': 'iptables sets the label only where there is an entry, the translation in any case',
  '-m connlimit': 'the translation keeps a set of its own',
  '-m devgroup ! --src-group 0x2 --dst-group 0xc/0xc': 'the translation turns both round',
  '--espspi 0:4294967295': 'nft up to 1.0.6 knows no such extension header',
  '[fec0::1234-fec0::2000]': 'nft does not take what the translation says',
  '-m multiport --ports': 'the translation asks for both ports at once in a set',
  '-j SYNPROXY': 'iptables answers a SYN or an ACK alone, nft whatever has one of these flags',
  '--mode nth': 'the translation counts in a generator of its own, whose next number can be played',
  '--tcp-option': 'the translation asks any packet, and one that is not TCP has no option',
  '-m policy': 'the translation asks only whether there was any IPsec at all',
  '--sport 0:65535': 'the translation leaves the port out, which a fragment does not have',
}

interface Pair {
  rule: string
  family: IpFamily
  table: string
  words: string[]
  nft: string[]
}

const FILES = reason ? [] : readdirSync(FOLDER).filter((name) => /^(lib(xt|ipt|ip6t)_\w+|generic)\.txlate$/.test(name))

/** A rule and the one or more commands that it becomes. */
function readPairs(name: string): Pair[] {
  const pairs: Pair[] = []
  let open: Pair | undefined
  for (const line of readFileSync(new URL(name, FOLDER), 'utf8').split('\n')) {
    const [, tool, rule] = /^(\w+?)(?:-translate)? (-.*)/.exec(line) ?? []
    if (tool !== undefined && rule !== undefined) {
      open = /^ip6?tables$/.test(tool) ? pairOf(tool === 'iptables' ? 'ip' : 'ip6', rule) : undefined
      if (open) pairs.push(open)
    }
    const nft = /^nft '?(.*?)'?$/.exec(line)?.[1]
    if (nft !== undefined) open?.nft.push(nft.replaceAll('\\"', '"'))
  }
  return pairs.filter((pair) => pair.nft.length > 0)
}

/** Undefined for commands that are about no rule. */
function pairOf(family: IpFamily, rule: string): Pair | undefined {
  const [words, given] = [[] as string[], splitWords(rule)]
  let table = 'filter'
  for (let i = 0; i < given.length; i++) {
    const word = given[i]!
    if (word === '-t') table = given[++i]!
    else if (/^-[AIDR]$/.test(word)) i += /^\d+$/.test(given[i + 2] ?? '') ? 2 : 1
    else if (/^-[NXFPEZL]$/.test(word)) return undefined
    else words.push(word)
  }
  return { rule, family, table, words, nft: [] }
}

const both = ({ conditions, statements }: ReturnType<typeof lowerSpec>) => ({
  conditions: canonicalConditions(conditions),
  statements: canonicalStatements(statements),
})

/** undefined: iptables itself refuses the rule, so nobody can say what it means. */
function meanings({ family, table, words, nft }: Pair): { rule: object[]; translated: object[] } | undefined {
  const { specs, problems } = readRule(words, family, table)
  if (problems.length > 0) return undefined
  const translated = nft
    .flatMap((command) => parseNft(command).commands)
    .flatMap(({ object }) => ('rule' in object ? [object.rule] : []))
    .map(({ expr, family: of, table: name }) =>
      both(
        lowerRule(
          expr.map((one) => statement(one, of)),
          of,
          name,
        ),
      ),
    )
  return { rule: specs.map((spec) => both(lowerSpec(spec, family, table))), translated }
}

const isOtherwise = (rule: string) => Object.keys(OTHERWISE).find((words) => rule.includes(words))

const PAIRS = FILES.flatMap(readPairs)

describe.skipIf(reason)('what iptables-translate says', () => {
  const compared = PAIRS.filter((pair) => meanings(pair) !== undefined)

  it('is there', () => expect(compared.length).toBeGreaterThan(200))

  it.each(compared.filter(({ rule }) => !isOtherwise(rule)))('$family $rule', (pair) => {
    const { rule, translated } = meanings(pair)!
    expect(translated).toEqual(rule)
  })

  it.each(Object.entries(OTHERWISE))('differs: %s (%s)', (words) => {
    const pairs = compared.filter(({ rule }) => isOtherwise(rule) === words)
    expect(pairs.length).toBeGreaterThan(0)
    expect(
      pairs.some((pair) => JSON.stringify(meanings(pair)!.rule) !== JSON.stringify(meanings(pair)!.translated)),
    ).toBe(true)
  })
})
