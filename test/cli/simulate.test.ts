import { describe, expect, it } from 'vitest'
import { folder, nfwhy } from './nfwhy.ts'
import { RULES, traceLine } from './small.ts'

const PACKET = 'in eth0 tcp 192.0.2.1:40000 > 192.0.2.2:23 syn'
const HERE = ['--assume', '192.0.2.2 is local=true']
const CHANCE = `*filter
:INPUT ACCEPT [0:0]
-A INPUT -m statistic --mode random --probability 0.5 -j DROP
COMMIT
`

const simulate = (files: Record<string, string>, ...args: string[]) =>
  nfwhy(['simulate', ...Object.keys(files), '--packet', PACKET, ...HERE, ...args], { cwd: folder(files) })

it('warns of a capture that was named, and not of one that a bundle has', async () => {
  const cwd = folder({ 'b/rules': RULES, 'b/log': traceLine('filter:INPUT:rule:1') })
  const warned = async (...inputs: string[]) =>
    (await nfwhy(['simulate', ...inputs, '--packet', PACKET, ...HERE], { cwd })).stderr
  expect(await warned('b')).toBe('')
  expect(await warned('b/rules', 'b/log')).toMatch(/^ {2}warn {3}b\/log: it is a capture/)
  expect(await warned('b/rules', '--as', 'kernel-log:b/log')).toMatch(/^ {2}warn {3}b\/log: it is a capture/)
})

it("says nothing of a trace session's own rules, which a saved ruleset has", async () => {
  const traces = (comment: string) =>
    `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m time --datestop 2026-11-23T06:27:12 -m comment --comment ${comment} -j TRACE\nCOMMIT\n`
  const warned = async (comment: string) => (await simulate({ rules: RULES, raw: traces(comment) })).stderr
  expect(await warned('nfwhy-605173402')).toBe('')
  expect(await warned('mine')).toContain('it is unknown whether this rule matched')
})

describe('--apply', () => {
  it.each([
    ['one command', ['iptables -D INPUT 1'], 0],
    ['several, one after the other', ['iptables -D INPUT 1', 'iptables -A INPUT -p tcp -j DROP'], 1],
    ['several in one', ['iptables -D INPUT 1; iptables -A INPUT -s 192.0.2.0/24 -j DROP'], 1],
    ['a question and its answer', ['iptables -C INPUT -j DROP 2>/dev/null || sudo iptables -I INPUT -j ACCEPT'], 0],
    ['a loop', ['for p in 22 23; do iptables -I INPUT -p tcp --dport $p -j ACCEPT; done'], 0],
    [
      'a set',
      [
        'ipset create good hash:ip',
        'ipset add good 192.0.2.1',
        'iptables -I INPUT -m set --match-set good src -j ACCEPT',
      ],
      0,
    ],
  ])('%s', async (_name, commands, code) => {
    const run = await simulate({ rules: RULES }, ...commands.flatMap((one) => ['--apply', one]))
    expect([run.code, run.stderr]).toEqual([code, ''])
  })

  it('points at the word that is wrong', async () => {
    const run = await simulate({ rules: RULES }, '--apply', 'iptables -D INPUT 1; iptables -A INPUT -j DRPO --x')
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('iptables -D INPUT 1; iptables -A INPUT -j DRPO --x\n')
  })

  it('points into the line that is wrong', async () => {
    const run = await simulate({ rules: RULES }, '--apply', 'iptables -D INPUT 1\nipset creat good hash:ip2')
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('  ipset creat good hash:ip2\n                   ^^^^^^^^\n')
    expect(run.stderr).toContain('Did you mean "hash:ip"?')
  })

  it('says what the tool would refuse', async () => {
    const run = await simulate({ rules: RULES }, '--apply', 'iptables -D INPUT 7')
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^nfwhy: --apply iptables -D INPUT 7: .*\.\n$/)
  })
})

describe('a script as ruleset', () => {
  const script = '#!/bin/sh\nP=23\niptables -A INPUT -p tcp --dport $P -j DROP\niptables -A INPUT -i $WAN -j ACCEPT\n'

  it('is read like one', async () => {
    const run = await simulate({ 'fw.sh': script })
    expect(run.code).toBe(1)
    expect(run.stdout).toContain('DROPPED')
  })

  it('tells with its line what was not read, on standard error', async () => {
    const run = await simulate({ 'fw.sh': script })
    expect(run.stdout).not.toContain('fw.sh')
    expect(run.stderr).toContain('fw.sh:4: "$WAN"')
  })

  it('tells it in JSON as well', async () => {
    const run = await simulate({ 'fw.sh': script }, '--json')
    const { inputs, warnings } = JSON.parse(run.stdout)
    expect(inputs).toMatchObject([{ name: 'fw.sh', format: 'shell-script' }])
    expect(warnings).toMatchObject([{ input: 'fw.sh', line: 4, code: 'command-not-understood' }])
  })
})

describe('--assume', () => {
  it('settles what nobody can know', async () => {
    const outcomes = await Promise.all(
      ['true', 'false'].map(async (truth) => {
        const run = await simulate(
          { rules: CHANCE },
          '--json',
          '--assume',
          `--mode random --probability 0.50000000000=${truth}`,
        )
        return JSON.parse(run.stdout).journeys[0]
      }),
    )
    expect(outcomes).toMatchObject([
      { outcome: 'dropped', basis: 'assumed' },
      { outcome: 'delivered', basis: 'assumed' },
    ])
  })

  it('names what is open where it was worded otherwise', async () => {
    const run = await simulate({ rules: CHANCE }, '--assume', '--probability 0.5=true')
    expect(run.stdout).toContain('UNDETERMINED')
    expect(run.stderr.replace(/\s+/g, ' ')).toContain(
      '"--probability 0.5" was never evaluated; still unknown: "--mode random --probability 0.50000000000"',
    )
  })
})

it('--full --unmatched shows which condition failed', async () => {
  const rules = RULES.replace('-A INPUT', '-A INPUT -s 198.51.100.7/32 -p tcp -j ACCEPT\n-A INPUT')
  const run = await simulate({ rules }, '--full', '--unmatched')
  expect(run.stdout).toContain('1 no: -s 198.51.100.7')
  expect((await simulate({ rules }, '--full')).stdout).not.toContain('no: -s')
})

describe('--packets', () => {
  const run = (lines: string[], files: Record<string, string> = { rules: RULES }) =>
    nfwhy(
      ['simulate', 'rules', ...Object.keys(files).filter((one) => one !== 'rules'), '--packets', 'packets', '--json'],
      {
        cwd: folder({ ...files, packets: lines.join('\n') }),
      },
    )
  const packet = { in: 'eth0', src: '192.0.2.1', dst: '192.0.2.2', protocol: 'tcp', dport: 23 }

  it('takes flags in any case', async () => {
    const { stdout } = await run([JSON.stringify({ ...packet, tcpFlags: ['SYN'] })])
    expect(JSON.parse(stdout).journeys[0].packet.tcpFlags).toEqual(['syn'])
  })

  it('refuses a word that is none, with its line', async () => {
    const { code, stderr } = await run([JSON.stringify(packet), '', JSON.stringify({ ...packet, tcpFlags: ['SNY'] })])
    expect(code).toBe(2)
    expect(stderr).toContain('packets:3: "tcpFlags" has no value "SNY"; did you mean "syn"?')
  })

  it('says that no listing has the interface', async () => {
    const links = [
      '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default',
      '    inet 127.0.0.1/8 scope host lo',
      '2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default',
      '    inet 192.0.2.2/24 scope global eth0',
      '',
    ].join('\n')
    const told = async (name: string) =>
      JSON.parse((await run([JSON.stringify({ ...packet, in: name })], { rules: RULES, links })).stdout).warnings
    expect(await told('eth0')).not.toContainEqual(expect.objectContaining({ code: 'no-such-interface' }))
    expect(await told('eht0')).toContainEqual({
      input: 'packet 1',
      code: 'no-such-interface',
      message: 'interface eht0 is not among those listed (lo, eth0); did you mean eth0?',
    })
  })
})

it('makes a rule where none was read', async () => {
  const address = '2: eth0    inet 192.0.2.2/24 scope global eth0\n'
  const { code, stdout } = await simulate({ address }, '--apply', 'iptables -A INPUT -p tcp --dport 23 -j DROP', '-q')
  expect(code).toBe(1)
  expect(stdout).toContain('filter INPUT rule 1')
})
