/** `nfwhy doctor` as people run it: what it says, what it mends, and how that is taken back. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { runScript, type TraceHost } from '../../src/live/trace-host.ts'
import { lab, whyNoLab } from '../live/doctor/lab.ts'
import { BIN, nfwhy } from './nfwhy.ts'

const why = whyNoLab('nft', 'iptables-legacy', 'ip6tables-legacy', 'script')
const described = describe.skipIf(why !== undefined)

const via = ({ prefix }: TraceHost) => ['--via', prefix.join(' ')]
const inside = async (place: TraceHost, script: string) =>
  new TextDecoder().decode((await runScript(place, script)).stdout).trim()

/** Without what moves by itself. */
const RULES =
  'iptables-legacy-save -t raw; ip6tables-legacy-save -t raw; nft list ruleset; cat /proc/sys/net/netfilter/nf_log/2'
const rules = async (place: TraceHost) => (await inside(place, RULES)).replace(/^#.*\n|\[\d+:\d+\]/gm, '')

/** What docs/doctor.md says of it, and nothing else. */
function expectProblem(problem: object): void {
  expect(problem).toEqual({
    code: expect.stringMatching(/^[a-z0-9]+(?:-[a-z0-9]+)+$/),
    severity: expect.stringMatching(/^(?:error|warning|note)$/),
    message: expect.stringMatching(/^\S.*\.$/),
    evidence: expect.stringMatching(/./),
    ...('fix' in problem ? { fix: expect.any(Object) } : {}),
  })
  if (!('fix' in problem)) return
  const { description, safe, command, undo, unsafe, ...rest } = problem.fix as Record<string, unknown>
  expect(rest).toEqual({})
  expect(typeof description).toBe('string')
  // what is not safe says why; what is taken back was done by a command
  expect(typeof unsafe).toBe(safe ? 'undefined' : 'string')
  if (safe || undo !== undefined) expect(typeof command).toBe('string')
}

interface Document {
  schema: string
  place: string
  facts: object
  problems: { code: string; severity: string; fix?: { command?: string; undo?: string; safe: boolean } }[]
  fixed?: { code: string; command: string; undo?: string; done: boolean }[]
}
const json = async (args: readonly string[]) => {
  const { stdout, code, stderr } = await nfwhy(['doctor', '--json', ...args])
  return { document: JSON.parse(stdout) as Document, code, stderr }
}

described(`in a namespace${why === undefined ? '' : `: ${why}`}`, () => {
  test('a healthy one: what works, and the next command', async () => {
    const { code, stdout, stderr } = await nfwhy(['doctor', ...via(await lab())])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^✓ No problem was found\.\n {2}next {3}nfwhy trace --via [\s\S]*\n {9}\(add a filter for your packets: 'tcp dst port 80'\)\n\n✓ rights {5}\S/,
    )
  })

  test('found, mended, found no more; and taken back', async () => {
    const place = await lab(`
iptables-legacy -t raw -A PREROUTING -j ACCEPT
iptables-legacy -t raw -A PREROUTING -p tcp --dport 80 -m comment --comment 'a "b" $(reboot)' -m limit --limit 10/second -j TRACE
ip addr add 192.0.2.1/24 dev lo
sysctl -qw net.netfilter.nf_log.2=NONE`)
    const before = await rules(place)
    const asked = ['src host 192.0.2.1 and tcp dst port 80', ...via(place)]
    const first = await json(asked)
    expect(first.code).toBe(1)
    expect(first.document).toMatchObject({ schema: 'nfwhy.doctor/1', place: place.prefix.join(' ') })
    const codes = first.document.problems.filter(({ fix }) => fix?.safe).map(({ code }) => code)
    expect(codes).toEqual(['no-logger', 'trace-behind', 'trace-hook-output'])
    expect(await rules(place)).toBe(before)
    for (const problem of first.document.problems) expectProblem(problem)

    const { document, stderr } = await json([...asked, '--fix', '--yes'])
    expect(document.fixed?.map(({ code, done }) => [code, done])).toEqual(codes.map((code) => [code, true]))
    for (const { command, undo } of document.fixed!) {
      expect(stderr).toContain(`\n  ${command}\n`)
      expect(stderr).toContain(`\n  undo: ${undo}\n`)
    }
    const left = document.problems.map(({ code }) => code)
    expect(left.filter((code) => codes.includes(code))).toEqual([])
    expect(await rules(place)).not.toBe(before)

    // it leads there by itself
    for (const { undo } of [...document.fixed!].reverse()) expect(spawnSync('sh', ['-c', undo!]).status, undo).toBe(0)
    expect(await rules(place)).toBe(before)
  })

  test('what is not safe is not run', async () => {
    const place = await lab('iptables-legacy -t raw -A OUTPUT -j TRACE; nft add table inet nfwhy-12')
    const { document } = await json([...via(place), '--fix', '--yes'])
    expect(document.fixed?.map(({ code }) => code)).toEqual(['leftover-table'])
    expect(await rules(place)).toContain('-A OUTPUT -j TRACE')
    expect(await rules(place)).not.toContain('nfwhy-12')
  })

  test('at a terminal it asks before each', async () => {
    const place = await lab('nft add table inet nfwhy-12; nft add table inet nfwhy-13')
    const command = `'${process.execPath}' '${BIN}' doctor --fix --via '${place.prefix.join(' ')}'`
    const { stdout } = spawnSync('sh', ['-c', 'exec script -qec "$1" /dev/null', 'sh', command], {
      input: 'n\ny\n',
      encoding: 'utf8',
    })
    expect(stdout.match(/Run it\? \[y\/N\]/g)).toHaveLength(2)
    expect(await inside(place, 'nft list tables')).toBe('table inet nfwhy-12')
  })

  test('several places', async () => {
    const [good, bad] = [await lab(), await lab('nft add table inet nfwhy-12')]
    const { stdout, code } = await nfwhy(['doctor', '--json', ...via(good), ...via(bad)])
    const documents = JSON.parse(stdout) as Document[]
    expect(code).toBe(1)
    expect(documents.map(({ problems }) => problems.map((problem) => problem.code))).toEqual([[], ['leftover-table']])
  })

  test('of several places, one that cannot be reached', async () => {
    const { stdout, stderr, code } = await nfwhy([
      'doctor',
      '--json',
      '--via',
      'no-such-program-here',
      ...via(await lab()),
    ])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^nfwhy: no-such-program-here: there is no program no-such-program-here on this machine\.\n/)
    expect(JSON.parse(stdout)).toMatchObject([{ schema: 'nfwhy.doctor/1', problems: [] }])
  })

  test('--prove-here: a packet of its own was seen', async () => {
    const { stdout, code } = await nfwhy(['doctor', '--prove-here', '--width', '120', ...via(await lab())])
    expect(code).toBe(0)
    expect(stdout).toMatch(/\nA test packet in this namespace:\n✓ was seen by nft monitor trace\n {4}trace id /)
  })

  test('without root: which capability is missing', async () => {
    const place = await lab()
    const prefix = [...place.prefix, 'setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
    const { stdout, code } = await nfwhy(['doctor', '--via', prefix.join(' ')])
    expect(code).toBe(1)
    expect(stdout).toContain('CAP_NET_ADMIN is missing')
    expect(stdout).toContain('sudo nfwhy doctor')
    expect(stdout).toMatch(/\? traced {5}no right to see the rules/)
  })
})

test('--fix away from a terminal needs --yes', async () => {
  const { code, stderr, stdout } = await nfwhy(['doctor', '--fix'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toBe(
    'nfwhy: --fix asks before each command, but this is not a terminal: add --yes to run the safe fixes without asking.\n',
  )
})

test.each([
  [['--yes'], '--yes goes with --fix.'],
  [['prot tcp'], 'the filter cannot be read'],
  [['--via', 'no-such-program-here x'], 'there is no program no-such-program-here'],
  [['--print-config', 'syslog'], 'nfwhy has a configuration only for ulogd2 and rsyslog'],
])('%j: exit code 2 and a sentence', async (args, sentence) => {
  const { code, stderr, stdout } = await nfwhy(['doctor', ...args])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(sentence)
})

test.each([
  ['ulogd2', /^\[log1\]\ngroup=0$/m],
  ['rsyslog', /^if \$syslogfacility-text == "kern" and \$msg contains "TRACE: " then \{$/m],
])('--print-config %s', async (daemon, line) => {
  const { code, stderr, stdout } = await nfwhy(['doctor', '--print-config', daemon])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(line)
})
