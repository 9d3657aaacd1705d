/**
 * docs/guides: a command with a `text` block behind it is run, and prints what stands there; every other command is read
 * as its program would read it. The Chinese page has the same blocks as the English one.
 * UPDATE_DOCS=1 npx vitest run --project command test/docs/guides.test.ts writes the outputs into both.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { readPacket } from '../../src/analysis/packets.ts'
import { readFilter } from '../../src/analysis/select.ts'
import { collectCommand } from '../../src/cli/collect.ts'
import { doctorCommand } from '../../src/cli/doctor.ts'
import { explainCommand } from '../../src/cli/explain.ts'
import { simulateCommand } from '../../src/cli/simulate.ts'
import { traceCommand } from '../../src/cli/trace.ts'
import { whyCommand } from '../../src/cli/why.ts'
import { parseCommand } from '../../src/edits/parse.ts'
import { shellTokens } from '../../src/edits/shell.ts'
import { parseVia } from '../../src/live/trace-host.ts'
import { blocksOf } from './markdown.ts'
import { rewriteShown, runShown, shownIn } from './shown.ts'
import { ROOT } from './sources.ts'

const FOLDER = 'docs/guides'
const SHORTEST = 60
const LONGEST = 132

/** What is run reads files alone: never the machine that the test is on. */
const ON_FILES =
  /^(?:npx nfwhy (?:(?:compare|explain|simulate) examples\/|doctor --via 'sh examples\/)|sh examples\/)[^;&]*$/

const pagesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.md'))
    .sort()
const read = (page: string): string => readFileSync(join(ROOT, FOLDER, page), 'utf8')
/** Without what outputs say, which the other test is about. */
const commandsOf = (page: string) => blocksOf(read(page)).filter(({ language }) => language === 'sh')

const PAGES = pagesOf(FOLDER)
const GUIDES = PAGES.filter((page) => page !== 'README.md')
const BOTH = [
  ...GUIDES,
  ...pagesOf(`${FOLDER}/zh`)
    .filter((page) => page !== 'README.md')
    .map((page) => `zh/${page}`),
]

test('each guide is there in both languages, and both indexes name all of them', () => {
  expect(pagesOf(`${FOLDER}/zh`)).toEqual(PAGES)
  for (const index of ['README.md', 'zh/README.md'])
    expect([...read(index).matchAll(/\]\(([a-z0-9-]+\.md)\)/g)].map((match) => match[1]).sort()).toEqual(GUIDES)
})

describe.each(BOTH)('%s', (page) => {
  const shown = () => shownIn(read(page))

  test('is short, shows runs, and names what else it can be', () => {
    const { length } = read(page).trimEnd().split('\n')
    expect(length).toBeGreaterThanOrEqual(SHORTEST)
    expect(length).toBeLessThanOrEqual(LONGEST)
    expect(shown().length).toBeGreaterThan(1)
    expect([...read(page).matchAll(/\]\((?:\.\.\/){1,2}findings\/[a-z-]+\.md\)/g)].length).toBeGreaterThan(2)
  })

  test.each(shown())('prints what it shows: $command', async ({ command }) => {
    expect(command).toMatch(ON_FILES)
    const { stdout, stderr, code } = await runShown(command)
    expect(stderr).toBe('')
    expect([0, 1]).toContain(code)
    if (process.env.UPDATE_DOCS) rewriteShown(`${FOLDER}/${page}`, command, stdout)
    expect(shown().find((one) => one.command === command)!.output.text).toBe(stdout)
    // another program's lines are as long as it makes them
    if (command.startsWith('npx nfwhy'))
      for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80)
  })

  test('shows no other command that its program would refuse', () => {
    const ran = new Set(shown().map(({ command }) => command))
    const others = commandsOf(page).filter(({ text }) => !ran.has(text.trimEnd()))
    expect(others.length).toBeGreaterThan(0)
    for (const line of others.flatMap(({ text }) => linesOf(text))) expect(refusal(line), line).toBeUndefined()
  })
})

test.each(GUIDES)('%s has the same commands and outputs in Chinese', (page) => {
  const blocks = (one: string) => blocksOf(read(one)).map(({ language, text }) => ({ language, text }))
  expect(blocks(`zh/${page}`)).toEqual(blocks(page))
})

test('a command that its program would refuse is found', () => {
  for (const line of [
    'sudo npx nfwhy trace --no-such-option',
    "sudo npx nfwhy trace 'tcp port eighty'",
    "sudo npx nfwhy trace --via 'ssh' 'tcp port 80'",
    'npx nfwhy collect --via',
    "npx nfwhy why 'in eth0 tcp 192.0.2.1 443'",
    "npx nfwhy simulate host.tgz --packet 'in eth0 tcp 192.0.2.1 443'",
    'iptables -A INPUT --no-such-match -j ACCEPT',
    'nft add rul inet filter input accept',
    'no-such-program',
  ])
    expect(refusal(line), line).toBeDefined()
})

/** Without comments; what is continued by `\` is one line. */
const linesOf = (text: string): string[] =>
  text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/ +# .*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'))

/** Commands of a live machine, and those that take its files; each adds itself to a program. */
const OF_MACHINES = [collectCommand, doctorCommand, explainCommand, simulateCommand, traceCommand, whyCommand]
/** Programs whose words are not ours to judge. */
const OTHERS = ['kubectl', 'xtables-monitor']

/** Why a line would be refused; nothing is run. */
function refusal(line: string): string | undefined {
  const plain = line.replace(/^sudo /, '')
  const words = shellTokens(plain).map(({ text }) => text)
  const [program = ''] = words
  if (program === 'npx') return refusedByCommander(words.slice(2, wordsEnd(words)))
  if (/^(?:ip6?tables(?:-legacy|-nft)?|nft|sysctl)$/.test(program)) {
    const parsed = parseCommand(plain)
    return 'error' in parsed ? parsed.error.message : undefined
  }
  return OTHERS.includes(program) ? undefined : `${program}: not a program that guides use`
}

/** `> collect.sh` is the shell's. */
const wordsEnd = (words: readonly string[]): number => (words.includes('>') ? words.indexOf('>') : words.length)

function refusedByCommander(words: readonly string[]): string | undefined {
  const program = new Command('nfwhy')
  for (const add of OF_MACHINES) add(program)
  for (const command of program.commands)
    command
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .action((given: unknown, options: { via?: string | string[]; packet?: string[] }) => {
        for (const via of [options.via ?? []].flat()) parseVia(via)
        if (command.name() === 'trace' || command.name() === 'doctor') readFilter((given as string[]).join(' '))
        if (command.name() === 'why') readPacket(given as string, () => {})
        for (const packet of options.packet ?? []) readPacket(packet, () => {})
      })
  try {
    program
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .parse([...words], { from: 'user' })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
