/**
 * The real nft against the fixtures of its language: it takes what we read, refuses what we refuse, and lists what we
 * print of a text as it lists the text itself. Its own listings are printed back letter by letter.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { printRule } from '../../src/rules/nft/print/rule.ts'
import { printNft } from '../../src/rules/nft/print/ruleset.ts'
import { parseNft, parseNftRule } from '../../src/rules/nft/text/parse.ts'
import { readStatementTables } from '../rules/nft/tables.ts'
import { whyNot } from './namespaces.ts'
import { difference, type Listing, loadNft, still, takenRules } from './nft-tool.ts'

const reason = whyNot('nft')
if (reason) console.warn(`nft's own reading of its language is skipped: ${reason}`)

const tables = readStatementTables()
const inChain = (family: string, rules: readonly string[]) =>
  rules.map((rule) => `add rule ${family} t c ${rule}`).join('\n')

function listing(answer: Listing | string | undefined): Listing {
  if (typeof answer !== 'object') throw new Error(answer)
  return answer
}

describe.skipIf(reason).each(tables)('$name', ({ family, around, rows }) => {
  const ok = rows.filter(({ state }) => state === 'ok')

  it('is listed by nft as it is written here', () => {
    const { plain } = listing(
      loadNft([
        `${around}\n${inChain(
          family,
          ok.map(({ rule }) => rule),
        )}\n`,
      ])[0],
    )
    const listed = parseNft(plain).commands.flatMap(({ object }) =>
      'rule' in object && object.rule.chain === 'c' ? [object.rule] : [],
    )
    expect(listed).toHaveLength(ok.length)
    for (const { expected } of ok) expect(plain).toContain(`\t\t${expected}\n`)
    // its listing, letter by letter
    expect(difference(plain, printNft(parseNft(plain).commands))).toBeUndefined()
  })

  it('is the same for nft as it is printed here', () => {
    const rules = ok.map(({ rule }) => rule)
    const printed = rules.map((rule) => printRule(parseNftRule(rule, family)))
    const [theirs, ours] = loadNft([rules, printed].map((all) => `${around}\n${inChain(family, all)}\n`))
    expect(difference(listing(theirs).plain, listing(ours).plain)).toBeUndefined()
  })

  const fails = rows.filter(({ state }) => state === 'fail')
  if (fails.length > 0)
    it('is refused by nft where it is refused here', () => {
      const answers = loadNft(fails.map(({ rule }) => `${around}\n${inChain(family, [rule])}\n`))
      const taken = fails.filter((_, i) => typeof answers[i] === 'object').map(({ rule }) => rule)
      expect(taken).toEqual([])
    })

  // another nft or kernel may know it; then it has to list both alike
  it('is the same for nft where it knows it', () => {
    const newer = rows.filter(({ state }) => state === 'newer').map(({ rule }) => rule)
    const taken = [...takenRules(around, `${family} t c`, newer)]
    if (taken.length === 0) return
    const printed = taken.map((rule) => printRule(parseNftRule(rule, family)))
    const [theirs, ours] = loadNft([taken, printed].map((all) => `${around}\n${inChain(family, all)}\n`))
    expect(difference(listing(theirs).plain, listing(ours).plain)).toBeUndefined()
  })
})

/** Why nft 1.0.6, or this kernel, takes no such file. */
const NOT_LOADED: Record<string, string> = {
  'carriage-returns': 'nft takes no carriage returns; people send them',
  flowtable: 'not every kernel has flowtables',
  'secmark-tunnel': 'nft 1.0.6 knows no tunnels, and a context has to be one of a kernel with SELinux',
}

const FOLDER = new URL('../../fixtures/rules/nft/rulesets/', import.meta.url)
const files = readdirSync(FOLDER).map((file) => ({
  name: file.replace(/\.nft$/, ''),
  text: readFileSync(new URL(file, FOLDER), 'utf8'),
}))

describe.skipIf(reason)('whole files', () => {
  it.each(files.filter(({ name }) => !(name in NOT_LOADED)))('$name', ({ text }) => {
    const { commands, problems } = parseNft(text)
    expect(problems).toEqual([])
    const [theirs, ours] = loadNft([text, printNft(commands)]).map(listing)
    expect(difference(still(theirs!.plain), still(ours!.plain))).toBeUndefined()
    const { plain, handles } = theirs!
    expect(difference(plain, printNft(parseNft(plain).commands))).toBeUndefined()
    expect(difference(handles, printNft(parseNft(handles).commands, { handles: true }))).toBeUndefined()
  })
})
