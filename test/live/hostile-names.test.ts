/**
 * What `doctor` and `trace` tell a person to type, where interfaces, tables, chains, comments, filters, hosts and files are
 * called what an attacker calls them: a shell starts those programs with those words, and nothing else.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { unknownWords } from '../../src/analysis/inputs/unknown-file.ts'
import { alternatives } from '../../src/filter/alternatives.ts'
import { parseFilter } from '../../src/filter/parse.ts'
import { choosePlan } from '../../src/live/backends/choose.ts'
import { problemsOf } from '../../src/live/doctor/diagnose.ts'
import { diagnosisJson } from '../../src/live/doctor/json.ts'
import { commandText } from '../../src/live/doctor/problem.ts'
import { diagnosisText } from '../../src/live/doctor/text.ts'
import { typedText } from '../../src/live/doctor/typed.ts'
import type { Wish as DoctorWish } from '../../src/live/doctor/wish.ts'
import type { Wish } from '../../src/live/plan.ts'
import { beginningText, nothingSeenText, planText } from '../../src/live/plan-text.ts'
import type { Prepared } from '../../src/live/session.ts'
import { readFacts } from '../../src/live/survey/facts.ts'
import { parseVia } from '../../src/live/trace-host.ts'
import { type Command, inOrder, printCommand, shellWord } from '../../src/model/command.ts'
import { INTERFACES } from '../shell/hostile.ts'
import { meant, SHELLS, Stubs } from '../shell/stubs.ts'
import { RECORDED, recordedFacts } from './doctor/recorded.ts'
import { wishFor } from './doctor/wishes.ts'

const stubs = new Stubs()
afterAll(() => stubs.remove())

/** In one shell after the other. */
let turn = 0
const nextShell = () => SHELLS[turn++ % SHELLS.length]!

const runs = (command: Command, text = printCommand(command)) =>
  expect(stubs.run(nextShell(), text), text).toEqual(meant(command))

const ROOT = [
  'uid 0',
  'kernel 5.4.0',
  'capabilities ffffffffff',
  'seconds 1800000000',
  'namespace net:[1]',
  'first-namespace net:[1]',
]
const TOOLS = ['iptables', 'ip6tables', 'nft', 'ip', 'tc', 'tcpdump', 'sysctl'].map(
  (name) => `program ${name} /sbin/${name}`,
)
const LEGACY = [
  'version iptables iptables v1.8.9 (legacy)',
  'version ip6tables ip6tables v1.8.9 (legacy)',
  'version nft nftables v1.0.6',
  'there /proc/net/ip_tables_names',
  'file /proc/net/ip_tables_names raw',
]

const texts = (name: string, ...lines: string[]) => lines.map((line) => `text ${name} ${line}`)

/** Trace rules of iptables-legacy and of nft, links, and what sessions left, all of these names. */
const facts = (device: string, name: string, comment: string) =>
  readFacts(
    [
      ...[...ROOT, ...TOOLS, ...LEGACY],
      ...texts(
        'ip-raw',
        ...['*raw', ':PREROUTING ACCEPT [9:9]', ':OUTPUT ACCEPT [9:9]', `:${name} - [0:0]`],
        `[0:0] -A PREROUTING -i "${device}" -p tcp -m tcp --dport 80 -j ACCEPT`,
        `[0:0] -A PREROUTING -i "${device}" -p tcp -m comment --comment "${comment}" -m tcp --dport 80 -j TRACE`,
        `[0:0] -A OUTPUT -m comment --comment "nfwhy ${comment}" -j TRACE`,
        `[0:0] -A ${name} -m comment --comment "${comment}" -j TRACE`,
        'COMMIT',
      ),
      ...['nft works', `nft-table table inet ${name}`],
      ...texts(
        'nft',
        `table inet nfwhy-12${name} {\n`.trim(),
        '}',
        `table inet ${name} {`,
        `  chain ${name} {`,
        `    iifname "${device}" meta nftrace set 1 comment "${comment}" # handle 3`,
        '  }',
        '  chain pre {',
        '    type filter hook prerouting priority 0; policy accept;',
        `    meta nftrace set 1 comment "${comment}" # handle 5`,
        '  }',
        '}',
        `table inet asleep${name} {`,
        '  flags dormant',
        '  chain pre {',
        '    type filter hook prerouting priority 0; policy accept;',
        '    meta nftrace set 1 # handle 7',
        '  }',
        '}',
      ),
      ...texts('link', `2: ${device}: <BROADCAST,MULTICAST> mtu 1500 xdp/id:3 qdisc noop state DOWN`),
      ...texts('qdisc', `qdisc clsact ffff: dev ${device} parent ffff:fff1`),
      'text dmesg',
    ].join('\n'),
  )

const COMMENTS = [
  '$(touch x)',
  '`id`',
  "'; reboot; '",
  '--modprobe=x',
  '\x1b]0;x\x07',
  'a\u202eb',
  '#',
  '!!',
  '~',
  'plain',
]
const NAMES = ['$(touch)', ';reboot;', '-x', "a'b", '{', 'x;flush', 'plain', '`id`', 'ä']

describe('doctor', () => {
  const found = INTERFACES.flatMap((device, i) => {
    const wishes: DoctorWish[] = [
      wishFor(undefined),
      wishFor('tcp dst port 81'),
      wishFor('tcp dst port 80'),
      wishFor('ip6 and tcp dst port 80'),
      { ...wishFor(undefined), packet: { in: device } },
    ]
    const known = facts(device, NAMES[i % NAMES.length]!, COMMENTS[i % COMMENTS.length]!)
    return wishes.map((wish) => ({ place: parseVia('ssh host'), facts: known, problems: problemsOf(known, wish) }))
  }).concat(
    RECORDED.map((one) => {
      const known = recordedFacts(one)
      return { place: parseVia('ssh host'), facts: known, problems: problemsOf(known, wishFor(one.filter)) }
    }),
  )
  const commands = new Map(
    found
      .flatMap(({ problems }) => problems.flatMap(({ fix }) => [fix?.commands, fix?.undo]))
      .filter((list) => list !== undefined)
      .map((list) => [commandText(list), inOrder(...list)]),
  )

  it('has its mends, or says why there is no command', () => {
    const codes = new Set(
      found.flatMap(({ problems }) => problems.filter(({ fix }) => fix?.commands).map(({ code }) => code)),
    )
    expect([...codes].sort()).toEqual(CODES)
    const refused = found.flatMap(({ problems }) =>
      problems.filter(({ fix }) => /no command is given/.test(fix?.description ?? '')),
    )
    expect(refused.length).toBeGreaterThan(10)
    expect(refused.every(({ fix }) => !fix!.commands && !fix!.safe)).toBe(true)
    expect(commands.size).toBeGreaterThan(100)
  })

  it('names what is meant', () => {
    const words = new Set([...commands.values()].flatMap((one) => meant(one).flat()))
    for (const device of [`$(touch\${IFS}x)`, "';id;'", 'a\x1b[2J']) expect(words).toContain(device)
    for (const comment of ['$(touch x)', "'; reboot; '", '\x1b]0;x\x07']) expect(words).toContain(comment)
  })

  /** By what the mend runs over there; what is typed here leads there. */
  const typed = new Map([...commands.values()].map((one) => [typedText(parseVia('ssh host'), [one]), one] as const))

  it('proposes what shells run as it is meant, here and over there, as text and as JSON', {
    tags: 'slow',
    timeout: 240_000,
  }, () => {
    for (const [text, command] of commands) runs(command, text)
    for (const [text, command] of typed) {
      const inner = stubs.run(nextShell(), text).map((words) => {
        if (words[0] === 'nfwhy') return [words.filter((word) => word !== '--via' && word !== 'ssh host')]
        expect(words.slice(0, 2)).toEqual(['ssh', 'host'])
        expect(words).toHaveLength(3)
        return stubs.run(nextShell(), words[2]!)
      })
      expect(inner.flat(), text).toEqual(meant(command))
    }
    const lists = found.flatMap(({ problems }) => problems.flatMap(({ fix }) => [fix?.commands ?? [], fix?.undo ?? []]))
    const typedTexts = new Set(lists.map((list) => typedText(parseVia('ssh host'), list)))
    for (const diagnosis of found) {
      const { problems } = diagnosisJson(diagnosis) as { problems: { fix?: { command?: string; undo?: string } }[] }
      for (const { fix } of problems)
        for (const text of [fix?.command, fix?.undo])
          expect(text === undefined || typedTexts.has(text), text).toBe(true)
      const shown = diagnosisText(diagnosis, undefined, { width: 80 }, true)
      expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      // what is folded is one line to a shell
      const lines = shown.replaceAll(/ \\\n +/g, ' ')
      for (const { fix } of diagnosis.problems)
        for (const command of [...(fix?.commands ?? []), ...(fix?.undo ?? [])])
          expect(lines).toContain(typedText(diagnosis.place, [command]))
    }
  })
})

describe('trace', () => {
  const backends = [
    { backend: 'legacy', log: false },
    { backend: 'legacy', log: true },
    { backend: 'kernel-log', log: false },
  ] as const
  const prepared = (filter: string, via: string, over: (typeof backends)[number]): Prepared[] => {
    const parsed = parseFilter(filter)
    if ('error' in parsed) return []
    const wish: Wish = {
      ...{ rate: { packets: 10, per: 'second' }, deadline: 60, programs: false, takeOver: false },
      ...{ alternatives: alternatives(parsed.condition).list, ...over },
    }
    const known = readFacts(
      [
        ...[...ROOT, ...TOOLS.filter((one) => !/ nft /.test(one)), ...LEGACY, 'there /dev/kmsg'],
        ...['there /proc/net/netfilter/nf_log', 'file /proc/net/netfilter/nf_log 2 NONE (nfnetlink_log)'],
        ...['there /proc/sys/net/netfilter/nf_log/2', 'file /proc/sys/net/netfilter/nf_log/2 NONE'],
      ].join('\n'),
    )
    const plan = choosePlan(known, wish, 'nfwhy-1', true)
    return [{ place: parseVia(via), plan, facts: known } as unknown as Prepared]
  }

  it('--dry-run prints what may be typed', () => {
    let seen = 0
    for (const device of INTERFACES)
      for (const over of backends)
        for (const one of prepared(`in ${device} and tcp dst port 80`, 'ssh host', over)) {
          const lines = planText(one).split('\n')
          for (const { typed } of one.plan.changes) {
            expect(lines).toContain(printCommand(typed.run))
            if (typed.undo) expect(lines).toContain(`#   undo: ${printCommand(typed.undo)}`)
            for (const command of typed.undo ? [typed.run, typed.undo] : [typed.run]) {
              if (seen++ % 7 === 0) runs(command)
            }
          }
          // its other lines are comments
          const others = lines
            .slice(1)
            .filter((line) => !line.startsWith('#') && !/^ {2}note: /.test(line) && line !== '')
          expect(others).toEqual(one.plan.changes.map(({ typed }) => printCommand(typed.run)))
        }
    expect(seen).toBeGreaterThan(100)
  }, 240_000)

  it('its other advice holds hosts and filters as words', () => {
    for (const [i, word] of [...INTERFACES, ...COMMENTS].entries()) {
      const via = shellWord(`root@${word}`)
      const [one] = prepared('tcp', `ssh ${via}`, backends[0])
      const filter = i % 3 === 0 ? '' : `in ${word}`
      const said = nothingSeenText([one!], filter).split('\n').at(-2)!.trim()
      const expected = ['nfwhy', 'doctor', '--via', `ssh ${via}`, ...(filter === '' ? [] : [filter])]
      expect(stubs.run(nextShell(), said)).toEqual([expected])
      const byHand = beginningText(one!, filter, {} as Wish)
        .split('emergency clean-up: ')
        .at(-1)!
        .trimEnd()
      expect(stubs.run(nextShell(), byHand)).toEqual([
        // in the order of letters
        ['nfwhy', 'trace', '--cleanup', '--via', `ssh ${via}`],
        [...one!.place.prefix, 'pkill', '-f', 'nfwhy-1'],
      ])
    }
  })
})

it('a file that is not read has its name as a word', () => {
  for (const path of [...INTERFACES, ...COMMENTS, 'a b', '-rf'].filter((one) => one !== '-')) {
    for (const head of ['BZh', 'PK\x03\x04', 'LPKSHHRH', '\xfd7zXZ\0']) {
      const said = /with: (.*?)(?:, and give the folder)?$/s.exec(unknownWords(head, path))![1]!
      const ran = stubs.run(nextShell(), said).flat()
      expect(ran).toContain(path.startsWith('-') ? `./${path}` : path)
      expect(new Set(ran).has('touch')).toBe(false)
    }
  }
}, 240_000)

/** Mends that these facts have; the others of src/live/doctor have no name in them. */
const CODES = [
  'before-the-hooks',
  'bridged',
  'console-flood',
  'flow-offload',
  'interface-down',
  'leftover-note',
  'leftover-rule',
  'leftover-table',
  'never-arrives',
  'no-logger',
  'trace-behind',
  'trace-behind-some',
  'trace-family',
  'trace-hook-output',
  'trace-hook-prerouting',
  'trace-rule',
  'trace-unreached',
]
