/**
 * All tests of findings once more, with other names: wherever they explain a packet, it is explained again in a World
 * whose interfaces, chains, sets, tables and comments are called what an attacker calls them. What is proposed then is the
 * same commands with those names as single words, or no command and why; and a shell does nothing but run them.
 * With the names that they have, what is proposed is held against its commands (fixes.ts).
 */
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fixCommands, printedFix } from '../../src/edits/fix.ts'
import { isUnderstood } from '../../src/edits/iptables/print.ts'
import { parseCommand } from '../../src/edits/parse.ts'
import type { explain } from '../../src/explain/explain.ts'
import { printCommand } from '../../src/model/command.ts'
import type { Fix, Journey } from '../../src/model/journey.ts'
import { isNameless } from '../../src/model/packet.ts'
import type { World } from '../../src/model/world.ts'
import { json } from '../../src/reports/json.ts'
import { markdown } from '../../src/reports/markdown/index.ts'
import { text } from '../../src/reports/text/index.ts'
import { protect, splitWords } from '../../src/rules/iptables/words.ts'
import { share, stride } from '../share.ts'
import { INTERFACES } from '../shell/hostile.ts'
import { asItReads, meant, SHELLS, Stubs } from '../shell/stubs.ts'
import { type Proposed, testFixes } from './fixes.ts'

const { replays, proposed, state } = vi.hoisted(() => ({
  replays: [] as { journey: Journey; before: Journey; rename: (word: string) => string }[],
  proposed: [] as Proposed[],
  state: { isRenaming: true },
}))

vi.mock('../../src/explain/explain.ts', async (original) => {
  const real = await original<{ explain: typeof explain }>()
  const again: typeof explain = (evidence, world, options = {}) => {
    // before anything is written into them
    const worlds =
      options.ask || !state.isRenaming
        ? []
        : Array.from({ length: TURNS }, (_, turn) => {
            const renaming = new Renaming(world, evidence.journey, replays.length + turn * 7)
            return { rename: renaming.name, ...renaming.copy({ evidence, world, options }) }
          })
    const journey = real.explain(evidence, world, options)
    for (const { code, fix } of journey.findings) for (const one of fix) proposed.push({ code, fix: one, world })
    for (const { rename, ...other } of worlds) {
      const { onFound: _, ...rest } = other.options
      const renamed = real.explain(other.evidence, other.world, rest)
      replays.push({ journey: renamed, before: structuredJourney(journey), rename })
    }
    return journey
  }
  return { ...real, explain: again }
})

/** Later trials write into the findings. */
const structuredJourney = (journey: Journey): Journey => ({
  ...journey,
  findings: journey.findings.map((one) => ({ ...one, fix: [...one.fix] })),
})

/** Findings with a command, in these tests; the others of src/explain/findings have none, or one without a name in it. */
const CODES = [
  'accepted-too-late',
  'bridge-nf-call',
  'came-back',
  'closed-port',
  'conntrack-full',
  'dnat-mismatch',
  'dnat-skipped',
  'dropped-by-mark',
  'dropped-by-policy',
  'dropped-by-rule',
  'echo-ignored',
  'goto-skips',
  'helper-missing',
  'kernel-drop',
  'last-rule-seen',
  'let-through',
  'mark-missing',
  'missing-rule',
  'near-miss',
  'neighbour-discovery-dropped',
  'neighbour-failed',
  'never-reached',
  'not-in-set',
  'not-masqueraded',
  'not-netfilter',
  'other-zone',
  'proxy-missing',
  'queue-without-listener',
  'queued',
  'rejected-by-rule',
  'reply-dropped',
  'returned-early',
  'snat-port-taken',
  'snat-skipped',
  'stale-conntrack',
  'ttl-too-small',
  'untracked',
  'vanished-at-port',
  'vanished-forwarding-off',
  'vanished-martian',
  'vanished-mtu',
  'vanished-no-group',
  'vanished-no-route',
  'vanished-rp-filter',
  'vanished-scope',
  'vanished-ttl',
  'wrong-way-out',
]

/** With how many sets of names: each time that something is explained they are others. */
const TURNS = share(10)

/** What is built in, and what detectors know by its name. */
const KEPT =
  /^(?:PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING|lo|raw|mangle|nat|filter|security|main|local|default|all|any|KUBE-.*|.*mark.*)$/i

// none like another: a jump to a chain is looked for in those of like names first
const CHAINS = [
  '$(touch x)',
  '`id`',
  ';reboot;',
  '-x',
  '!x',
  "it's",
  'a"b',
  'two words',
  '{ policy drop; }',
  'c;flush',
  'ä\x1b[2J',
  '~x',
  'a\u202eb',
]
const COMMENTS = [
  '$(touch x)',
  '`id`',
  "'; reboot; '",
  '"; reboot; "',
  'a\nreboot\n',
  '\x1b]0;x\x07',
  '--modprobe=x',
  '#\u202e',
  'a\\',
  '!!',
]

class Renaming {
  private readonly names = new Map<string, string>()
  private readonly copies = new Map<object, unknown>()

  constructor({ tables, sets, host }: World, { packet, steps }: Journey, turn: number) {
    let next = turn
    const give = (name: string | undefined, from: readonly string[]) => {
      if (name === undefined || KEPT.test(name) || isNameless(name) || this.names.has(name)) return
      this.names.set(name, from[next++ % from.length]! + ([...this.names.values()].length > from.length ? next : ''))
    }
    for (const { name } of host.links ?? []) give(name, INTERFACES)
    for (const one of [packet, ...steps]) for (const device of [one.in, one.out]) give(device, INTERFACES)
    for (const { chains, name } of tables) {
      give(name, CHAINS)
      for (const chain of chains.values()) {
        give(chain.name, CHAINS)
        for (const { comment } of chain.rules) give(comment, COMMENTS)
      }
    }
    for (const { name } of sets) give(name, CHAINS)
  }

  /** A text that is a name, or that holds one in one of the languages of these Worlds. */
  readonly name = (text: string): string => {
    const whole = this.names.get(text)
    if (whole !== undefined) return whole
    if (/^-[AP] /.test(text))
      return splitWords(text)
        .map((word) => protect(this.names.get(word) ?? word))
        .join(' ')
    const [, head, device, tail] = /^(net\.ipv[46]\.conf\.)([^.]+)(\..*)$/.exec(text) ?? []
    if (device !== undefined) return head + (this.names.get(device) ?? device).replaceAll('.', '/') + tail
    // nft: in quotes and without
    return text.replace(/"([^"]*)"|(?<=^|[ {])[A-Za-z][\w-]*(?=$|[ ,}])/g, (word, quoted: string | undefined) => {
      const other = this.names.get(quoted ?? word)
      return other === undefined ? word : `"${other}"`
    })
  }

  copy<T>(value: T): T {
    return this.copied(value) as T
  }

  private copied(value: unknown): unknown {
    if (typeof value === 'string') return this.name(value)
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
    const known = this.copies.get(value)
    if (known !== undefined) return known
    if (value instanceof Map) {
      const map = new Map()
      this.copies.set(value, map)
      for (const [key, one] of value) map.set(this.copied(key), this.copied(one))
      return map
    }
    if (value instanceof Set) {
      const set = new Set([...value].map((one) => this.copied(one)))
      this.copies.set(value, set)
      return set
    }
    if (value instanceof RegExp || value instanceof Date) return value
    const copy: object = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value))
    this.copies.set(value, copy)
    for (const [key, one] of Object.entries(value)) (copy as Record<string, unknown>)[key] = this.copied(one)
    return copy
  }
}

for (const folder of ['findings', 'kernel-drops', 'verify-fixes'])
  for (const name of readdirSync(new URL(folder, import.meta.url)))
    if (name.endsWith('.test.ts')) await import(/* @vite-ignore */ `./${folder}/${name}`)
await import('../incidents-nft.test.ts')

describe('by their own names alone', async () => {
  beforeAll(() => {
    state.isRenaming = false
  })
  afterAll(() => {
    state.isRenaming = true
  })
  await import('../incidents.test.ts')
  await import('../demo/recorded.test.ts')
})

describe('every fix that is proposed', () => testFixes(proposed))

const fixesOf = (journey: Journey): Fix[] => journey.findings.flatMap(({ fix }) => fix)

/** A rule's comment tells it from others that are added: it is made of the rule's own words. */
const COMMENT = /^nfwhy-[a-z]{4}(?=-|$)/

describe('with the names of an attacker', () => {
  const stubs = new Stubs()
  afterAll(() => stubs.remove())
  const commands = () => [
    ...new Map(
      replays
        .flatMap(({ journey }) =>
          fixesOf(journey)
            .map(fixCommands)
            .flatMap(({ command, undo }) => [command, undo]),
        )
        .filter((one) => one !== undefined)
        .map((one) => [printCommand(one), one]),
    ).values(),
  ]

  it('every finding that has a command is asked', () => {
    const codes = new Set(
      replays.flatMap(({ before }) =>
        before.findings.filter(({ fix }) => fix.some(({ edits, look }) => edits ?? look)).map(({ code }) => code),
      ),
    )
    expect([...codes].sort()).toEqual(CODES)
    expect(commands().length).toBeGreaterThan(300)
  })

  it('what is proposed is the same, name for name, or is not proposed, with a reason', () => {
    let [same, refused] = [0, 0]
    for (const { journey, before, rename } of replays) {
      // detectors that go by names may find something else
      const codes = (one: Journey) =>
        one.findings.map(({ code, fix }) => `${code} ${fix.map(({ owner }) => owner?.name ?? '-')}`).join()
      if (codes(journey) !== codes(before)) continue
      const [old, others] = [fixesOf(before), fixesOf(journey)].map((fixes) => fixes.map(printedFix))
      for (const [i, { command }] of old!.entries()) {
        if (!command) continue
        const { command: other, note } = others![i]!
        if (!other) {
          expect(note).toMatch(/^no command is given: /)
          refused++
        } else if (command.words && other.words) {
          const unquoted = (word: string) =>
            command.program === 'nft'
              ? word
                  .replace(/^"(.*)"$/s, '$1')
                  .replace(COMMENT, 'nfwhy')
                  .replace('\\*', '*')
              : word
          expect(other.words.map(unquoted)).toEqual(command.words.map((word) => unquoted(rename(word))))
          same++
        }
      }
    }
    expect([same, refused].map((count) => count > 100)).toEqual([true, true])
  })

  it('a shell runs those programs with those words, and nothing else', () => {
    const some = commands().filter((_, i) => i % stride(1) === 0)
    for (const [i, one] of some.entries())
      expect(asItReads(stubs.run(SHELLS[i % SHELLS.length]!, printCommand(one))), String(one)).toEqual(
        asItReads(meant(one)),
      )
  }, 240_000)

  it('what is an edit is read back as the edit that it is', () => {
    let count = 0
    for (const fix of replays.flatMap(({ journey }) => fixesOf(journey))) {
      const { command, undo } = fixCommands(fix)
      for (const [edits, said] of [[fix.edits, command] as const, [fix.undo, undo] as const]) {
        if (!edits || !said || !edits.every((one) => one.kind !== 'rule' || !one.spec || isUnderstood(one.spec)))
          continue
        expect(parseCommand(printCommand(said)), String(said)).toEqual({ edits })
        count++
      }
    }
    expect(count).toBeGreaterThan(1000)
  })

  it('every report has them as they are', () => {
    const lines = new Set(commands().map((one) => printCommand(one)))
    for (const [at, { journey }] of replays.entries()) {
      if (at % 5 > 0) continue
      const group = { journey, count: 1, same: { src: false, dst: false, sport: false, dport: false } }
      const tail = { inputs: [], warnings: [], stats: { bytes: 0, events: 0, journeys: 1, skipped: 0, lost: 0 } }
      const written = (form: typeof json, width = 80) => {
        const writer = form.open({ width, full: false })
        return writer.begin([group]) + writer.journey(group) + writer.end(tail)
      }
      const data = JSON.parse(written(json)) as { journeys: { findings: { fix: { command?: string }[] }[] }[] }
      for (const { findings } of data.journeys)
        for (const { fix } of findings)
          for (const { command } of fix) expect(command === undefined || lines.has(command)).toBe(true)
      const blocks = [...written(markdown).matchAll(/^ *(`{3,})sh\n(.*)\n *\1$/gm)].map((found) => found[2]!.trim())
      for (const block of blocks) expect([...lines]).toContain(block)
      for (const folded of foldedCommands(written(text))) expect([...lines]).toContain(folded)
    }
  })
})

/** `next` and the lines below `fix …:`, put together as a shell does. */
const foldedCommands = (report: string): string[] =>
  [...report.matchAll(/^(?: {2}next {3}|.*undo: )((?:.*\\\n)*.*)$/gm)].map(([, found]) =>
    found!.replace(/ \\\n +/g, ' '),
  )
