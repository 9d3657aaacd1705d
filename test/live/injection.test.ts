/**
 * No word of a person becomes a command: whatever filter parses, the scripts that go to a shell over there are whole, hold
 * its words only within single quotes, and run nothing but what they are meant to, in every shell. And what the tools are
 * told is one rule.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { alternatives } from '../../src/filter/alternatives.ts'
import { parseFilter } from '../../src/filter/parse.ts'
import { choosePlan } from '../../src/live/backends/choose.ts'
import { guardScript, undoScript } from '../../src/live/guard.ts'
import type { Backend, Plan } from '../../src/live/plan.ts'
import { readFacts } from '../../src/live/survey/facts.ts'
import { parseVia } from '../../src/live/trace-host.ts'
import { shellWord } from '../../src/model/command.ts'
import { LATEST } from '../latest.ts'
import { share, stride } from '../share.ts'

const SHELLS = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([program, ...words]) => spawnSync(program!, [...words, '-c', ':']).status === 0,
)
const folder = mkdtempSync(join(tmpdir(), 'nfwhy-injection-'))
afterAll(() => rmSync(folder, { recursive: true }))
const canary = join(folder, 'canary')

/** Characters that a filter's word may have and a name seldom has; one of them at least. */
const special = fc.constantFrom(...`'"$;\`<>{}?~#\\`)
const junk = fc
  .tuple(
    fc.array(fc.constantFrom(...'abz019-_.:@+/'), { maxLength: 4 }),
    special,
    fc.array(fc.oneof(special, fc.constantFrom(...'ab-'))),
  )
  .map(([head, one, tail]) => [...head, one, ...tail].join(''))

/** What a shell, nft or iptables might take for more than a name. */
const HOSTILE = [
  `';touch$IFS'${canary}';#`,
  `$IFS;touch\${IFS}${canary}`,
  `\`touch\${IFS}${canary}\``,
  `";touch\${IFS}${canary};"`,
  `'"'"';touch\${IFS}${canary};'`,
  `'\\'';touch\${IFS}${canary};#`,
  `>${canary}`,
  "'",
  '"',
  '\\',
  '--modprobe=/bin/sh;',
  '"};flush\u00a0ruleset;{',
  '$PATH',
  '~root',
]

const BASE = [
  'uid 0',
  'capabilities ffffffffff',
  'kernel 6.1.0',
  'seconds 1800000000',
  'namespace net:[1]',
  'first-namespace net:[1]',
  'there /dev/kmsg',
  'program tcpdump /usr/bin/tcpdump',
]
const NFT = ['program nft /usr/sbin/nft', 'version nft nftables v1.0.6', 'nft works', 'nft-table table ip t']
const IPTABLES = [
  'program iptables /sbin/iptables',
  'program ip6tables /sbin/ip6tables',
  'version iptables iptables v1.8.9 (legacy)',
  'version ip6tables ip6tables v1.8.9 (legacy)',
  'program iptables-nft /sbin/iptables-nft',
  'there /proc/net/ip_tables_names',
  'file /proc/net/ip_tables_names filter',
]
const PLACES: readonly [name: string, backend: Backend, lines: string[], log: boolean][] = [
  ['nft', 'nft', [...BASE, ...NFT], false],
  ['legacy, marked by an nft table', 'legacy', [...BASE, ...NFT, ...IPTABLES], false],
  ['legacy', 'legacy', [...BASE, ...IPTABLES], false],
  ['iptables-nft', 'xtables-nft', [...BASE, ...NFT, ...IPTABLES], false],
  ['--log by nft', 'nft', [...BASE, ...NFT], true],
  ['--log by iptables', 'legacy', [...BASE, ...IPTABLES], true],
]

/** Undefined where the filter is not one. */
function planOf(filter: string, backend: Backend, lines: readonly string[], log: boolean): Plan | undefined {
  const parsed = parseFilter(filter)
  if ('error' in parsed) return undefined
  const { list } = alternatives(parsed.condition)
  const wish = {
    backend,
    alternatives: list,
    rate: { packets: 10, per: 'second' },
    deadline: 60,
    log,
    programs: false,
    takeOver: false,
  } as const
  return choosePlan(readFacts(lines.join('\n')), wish, 'nfwhy-1', true)
}

/** A script without what stands in single quotes, or is one quote of its own. */
const skeleton = (script: string): string => script.replace(/'[^']*'|\\'/g, '')

/** For a run of the script here: its notes are in the folder, and its tools are stubs that note what they are told. */
const harmless = (script: string) => script.replaceAll('/run/nfwhy', join(folder, 'run'))

const FILTERS: readonly ((word: string) => string)[] = [
  (word) => `in ${word}`,
  (word) => `not in ${word} and tcp dst port 80`,
  (word) => `in ${word} or in eth0 and host 192.0.2.1`,
  (word) => `out ${word} and udp`,
]

describe.each(PLACES)('%s', (place, backend, lines, log) => {
  test.each(FILTERS.map((filter) => [filter('X'), filter] as const))(
    '%s: what X is stands in quotes alone',
    (_name, filter) => {
      fc.assert(
        fc.property(fc.oneof(junk, fc.constantFrom(...HOSTILE)), (word) => {
          const plan = planOf(filter(word), backend, lines, log)
          fc.pre(plan !== undefined)
          const other = planOf(filter('a#b'), backend, lines, log)!
          expect(skeleton(guardScript(plan!))).toBe(skeleton(guardScript(other)))
          expect(skeleton(undoScript(plan!))).toBe(skeleton(undoScript(other)))
        }),
        { numRuns: share(200) },
      )
    },
  )

  test.each(SHELLS)('%s takes the whole script, and runs nothing of a filter', (program, ...words) => {
    const bin = join(folder, 'bin')
    const told = join(folder, 'told')
    mkdirSync(bin, { recursive: true })
    for (const tool of ['nft', 'iptables', 'ip6tables', 'iptables-nft', 'ip6tables-nft']) {
      // nft -i reads what it is told; the table is then listed with its rules
      writeFileSync(
        join(bin, tool),
        `#!/bin/sh\nprintf '%s\\n' "$0" "$@" >>'${told}'\ncase "$*" in '-i' | *'-f -') exec cat >>'${told}' ;; list*) grep '^add rule' '${told}' | sort -u ;; esac\n:\n`,
      )
      chmodSync(join(bin, tool), 0o755)
    }
    // each word in some of the shells and places, of those that a filter can hold
    const from = SHELLS.findIndex(([one]) => one === program) + PLACES.findIndex(([one]) => one === place)
    const held = HOSTILE.flatMap((word) => {
      const plan = planOf(FILTERS[0]!(word), backend, lines, log)
      return plan ? [{ word, plan }] : []
    })
    expect(held.length).toBeGreaterThan(HOSTILE.length / 2)
    const some = held.filter((_, i) => (i + from) % Math.min(stride(1), held.length) === 0)
    expect(some.length).toBeGreaterThan(0)
    for (const { word, plan } of some) {
      writeFileSync(told, '')
      const script = harmless(guardScript({ ...plan, until: Math.floor(Date.now() / 1000) + 120 }))
      const file = join(folder, 'script')
      writeFileSync(file, script)
      expect(spawnSync(program, [...words, '-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
      const { stdout, stderr } = spawnSync(program, [...words, file], {
        input: 'stop\n',
        encoding: 'utf8',
        cwd: folder,
        env: { PATH: `${bin}:/usr/bin:/bin` },
        timeout: LATEST,
      })
      expect(`${stdout}${stderr}`, word).toMatch(/^begun\nready\nundone\n$/)
      expect(existsSync(canary), word).toBe(false)
      const heard = readFileSync(told, 'utf8').split('\n')
      if (!plan.table)
        expect(heard.filter((line, i) => heard[i - 1] === '-i' && line === word).length, word).toBeGreaterThan(0)
    }
  })
})

test('--via is words, and never a command line', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(junk, fc.constantFrom(...HOSTILE), fc.string({ minLength: 1 })), { minLength: 1 }),
      (words) => {
        const [first, ...rest] = words.filter((word) => !/^(ssh|exec)$/.test(word))
        fc.pre(first !== undefined)
        expect(parseVia([first!, ...rest].map(shellWord).join(' ')).prefix).toEqual([first, ...rest])
      },
    ),
  )
  for (const text of [
    `ssh x; touch ${canary}`,
    `ssh x | touch ${canary}`,
    `ssh x > ${canary}`,
    `ssh $(touch ${canary})`,
    `ssh \`touch ${canary}\``,
    `ssh x && touch ${canary}`,
    `ssh x\ntouch ${canary}`,
  ])
    expect(() => parseVia(text), text).toThrow(/--via/)
  expect(existsSync(canary)).toBe(false)
})
