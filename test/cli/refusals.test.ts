/** Wrong uses, as somebody new to it makes them: each answer says what is wrong, where, and what to type next. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { calledAs } from '../../src/cli/called-as.ts'
import { BIN, EXAMPLE, folder, nfwhy } from './nfwhy.ts'
import { LOG, RULES } from './small.ts'

const refused = async (args: readonly string[], cwd?: string, env?: NodeJS.ProcessEnv): Promise<string> => {
  const { code, stdout, stderr } = await nfwhy(args, { ...(cwd === undefined ? {} : { cwd }), ...(env ? { env } : {}) })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  return stderr
}

/** Of an Ethernet capture by `tcpdump -i eth0`. */
const PCAP = Uint8Array.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0])
/** The same of `tcpdump -i nflog`, which saw nothing. */
const NFLOG = Uint8Array.from([...PCAP.slice(0, 20), 239, 0, 0, 0])
const NOISE = Uint8Array.from({ length: 300 }, (_, i) => (i * i * 31 + (i >> 3) * 7) & 0xff)

describe('a filter', () => {
  it.each([
    ['tcp dst prot 80', 'prot', 'port'],
    ['tcp 80', '80', 'port 80'],
    ['10.0.0.1:80', '10.0.0.1:80', 'host 10.0.0.1 and port 80'],
    ['tcp.dstport == 80', 'tcp.dstport', 'tcp dst port'],
  ])('%s: the wrong word is marked, and another is proposed', async (filter, word, meant) => {
    for (const args of [
      ['trace', filter],
      ['explain', '--filter', filter, EXAMPLE],
    ]) {
      const [first, text, marker] = (await refused(args)).split('\n')
      expect(first).toMatch(new RegExp(`^nfwhy: the filter cannot be read: .* Did you mean "${meant}"\\?$`))
      expect(text).toBe(`  ${filter}`)
      expect(marker).toBe(' '.repeat(2 + filter.indexOf(word)) + '^'.repeat(word.length))
    }
  })

  it('says that nothing matches', async () => {
    const { code, stdout } = await nfwhy(['explain', '--rule', 'filter:INPUT:99', EXAMPLE])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0 packets of 2 in the capture: none matches\n' })
  })
})

describe('a packet', () => {
  it('given among the inputs: says where it goes', async () => {
    const packet = 'tcp 10.0.0.1 > 10.0.0.2:80'
    expect(await refused(['simulate', 'rules', packet], folder({ rules: RULES }))).toBe(
      `nfwhy: simulate needs a packet; give it with --packet:\n  nfwhy simulate rules --packet '${packet}'\n`,
    )
  })

  it.each([
    ['tcp 10.0.0.1 10.0.0.2:80', '> 10.0.0.2:80'],
    ['tcp 10.0.0.1 -> 10.0.0.2:80', '>'],
  ])('%s: proposes what is missing, and shows a packet', async (packet, meant) => {
    const told = await refused(['why', packet])
    expect(told).toContain(` Did you mean "${meant}"?\n`)
    expect(told).toMatch(/\nA packet is worded as tcpdump does: .* > .* syn\n.* brackets: \[2001:db8::1\]:80\n$/)
  })

  it('says how it reads an address of IPv6 that may have a port, and how brackets are written', async () => {
    const { stderr } = await nfwhy(['simulate', EXAMPLE, '--packet', 'tcp 2001:db8::1:22 > [2001:db8::2]:80'])
    expect(stderr.replace(/\s+/g, ' ')).toContain(
      '2001:db8::1:22 is read as an address without a port; for port 22, write [2001:db8::1]:22',
    )
    const plain = await nfwhy(['simulate', EXAMPLE, '--packet', 'tcp [2001:db8::1]:22 > [2001:db8::2]:80'])
    expect(plain.stderr).not.toContain('is read as an address')
  })
})

describe('files', () => {
  it('a folder of other things: one line of names, and no list of formats', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`x/${i + 10}`, i % 2 ? NOISE : `note ${i}\n`]),
    )
    const told = await refused(['explain', 'x'], folder(files))
    expect(told).toMatch(
      /^nfwhy: x\/10, x\/11, x\/12, x\/13, x\/14 and 7 more: none of them is a capture, a ruleset or host state .*\n/,
    )
    expect(told.split('\n').length).toBeLessThan(8)
    expect(told).not.toContain('ip-rule-json')
  })

  it.each([
    ['an Ethernet capture', PCAP, /link type ETHERNET .* only in captures of link type NFLOG/],
    ['its header alone, cut', PCAP.slice(0, 12), /the file ends in the middle of a packet/],
    ['an NFLOG capture without a packet', NFLOG, /^nfwhy: x: it contains no packet\.\n/],
  ])('%s: why it tells nothing, said once, and what takes one that does', async (_, content, why) => {
    const told = await refused(['explain', 'x', 'rules'], folder({ x: content, rules: RULES }))
    expect(told).toMatch(why)
    expect(told.match(/^(?:nfwhy: )?x:?/gm)).toHaveLength(1)
    expect(told).toMatch(/\nWas a packet sent .*\nnfwhy trace, .*; nfwhy doctor .*\n$/)
  })

  it.each([
    ['kernel-log:rules', 'rules looks like iptables-save: leave out --as kernel-log:…'],
    ['iptables-save:log', 'log looks like kernel-log: leave out --as iptables-save:…'],
  ])('--as %s: says what it looks like', async (as, told) => {
    expect(await refused(['explain', '--as', as], folder({ rules: RULES, log: LOG }))).toContain(told)
  })

  it('an empty file, and an empty standard input: what to look for', async () => {
    expect(await refused(['explain', 'x'], folder({ x: '' }))).toMatch(
      /^nfwhy: x: it is empty\.\nDid the command .* run as root\?/,
    )
    expect(await refused(['map'])).toMatch(/^nfwhy: standard input: it is empty\.\nName the files, /)
  })

  it.each([
    ['table inet fw {\n\tchain input {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}\n'],
    ['# Generated by iptables-nft-save v1.8.9 (nf_tables)\n*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n'],
  ])('rules of the other packet filter are said not to apply', async (rules) => {
    const cwd = folder({ rules, log: readFileSync(join(EXAMPLE, 'dmesg.log')) })
    const { stdout } = await nfwhy(['explain', 'log', 'rules'], { cwd })
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'The rules are from nf_tables, but the trace is from iptables-legacy: these rules do not apply to this trace. Add the output of iptables-legacy-save -c.',
    )
    expect(stdout).not.toContain('The ruleset is not the one that was in force')
  })

  it('a capture alone ends with the last rule seen, and the command that shows it', async () => {
    const cwd = folder({ log: readFileSync(join(EXAMPLE, 'dmesg.log')) })
    const { stdout } = await nfwhy(['explain', 'log'], { cwd })
    expect(stdout).toMatch(/^\? UNDETERMINED last rule seen: filter KUBE-FIREWALL rule 1 /m)
    expect(stdout).toMatch(/^ {2}look {3}iptables -t filter -S KUBE-FIREWALL 1$/m)
  })
})

describe('a command that is proposed', () => {
  const script = '/opt/nfwhy/bin/nfwhy.js'
  const at = (argv1: string, env: NodeJS.ProcessEnv = {}, folder = '/home/me') =>
    calledAs({ argv: ['node', argv1], env: { PATH: '/usr/bin', ...env }, cwd: () => folder }).join(' ')

  it('is called as nfwhy was', () => {
    expect(at('/usr/bin/nfwhy')).toBe('nfwhy')
    expect(at(script, {}, '/opt/nfwhy')).toBe('node bin/nfwhy.js')
    expect(at(script)).toBe(`node ${script}`)
    expect(at('/home/me/node_modules/.bin/nfwhy')).toBe('node_modules/.bin/nfwhy')
    const npx = { npm_lifecycle_event: 'npx', npm_lifecycle_script: "'nfwhy'" }
    expect(at('/home/me/node_modules/.bin/nfwhy', npx)).toBe('npx nfwhy')
    // some other program's npx, which started it
    expect(at(script, { ...npx, npm_lifecycle_script: 'vitest' }, '/opt/nfwhy')).toBe('node bin/nfwhy.js')
    expect(at(script, { NFWHY_CALLED_AS: 'docker run nfwhy' })).toBe('docker run nfwhy')
  })

  it('runs as it stands', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    const told = await refused(['log', 'rules'], cwd, { NFWHY_CALLED_AS: '' })
    expect(told).toBe(`nfwhy: "log" is a file, not a command. Perhaps:\n  node ${BIN} explain log rules\n`)
    const hint = await refused(['simulate', 'rules'], cwd, { NFWHY_CALLED_AS: '' })
    expect(hint).toContain(`\n  node ${BIN} simulate rules.v4 host --packet `)
  })

  it.each(['-V', '-v', '--version', 'version'])('%s is the version', async (word) => {
    expect((await nfwhy([word])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
