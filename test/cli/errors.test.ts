import { spawnSync } from 'node:child_process'
import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BIN, begin, folder, nfwhy, shell } from './nfwhy.ts'
import { LOG, RULES } from './small.ts'

/** What stands on standard error; nothing is on standard output, and the exit code is 2. */
async function failing(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await nfwhy(args, { cwd })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).not.toMatch(/\bat .*:\d+|this is a bug/)
  return stderr
}

const files = () => folder({ log: LOG, rules: RULES })
const FORMATS =
  /^Formats of captures: +kernel-log, [\s\S]*^Formats of rulesets: +iptables-save, [\s\S]*^Formats of host state: /m

describe('inputs that cannot be read', () => {
  test.each([
    ['missing', 'nofile', 'nofile: there is no such file.'],
    ['below a file', 'log/x', 'log/x: there is no such file.'],
    ['a name that is empty', '', 'An input has the empty name "": perhaps a shell variable is empty.'],
    ['memory', '/proc/self/mem', '/proc/self/mem: the system cannot read or write it (input/output error).'],
    ['too long a name', 'x'.repeat(300), `${'x'.repeat(300)}: the name is too long.`],
  ])('%s', async (_, path, sentence) => {
    expect(await failing(['explain', path, 'rules'], files())).toBe(`nfwhy: ${sentence}\n`)
  })

  test('a device without an end', { tags: 'slow' }, async () => {
    const told = await failing(['explain', '/dev/zero'], folder())
    expect(told).toMatch(/^nfwhy: \/dev\/zero: this binary file is neither .*; its first 256 MB were looked at\.\n/)
  })

  test('a pipe without an end', { tags: 'slow' }, async () => {
    const { stderr } = await shell('yes "nothing of interest" | nfwhy explain -')
    expect(stderr).toMatch(/^nfwhy: standard input: this is neither .*; its first 256 MB were looked at\.\n/)
  })

  const WORD = `a${'x'.repeat(100_000)}z`
  test.each([
    ['a command', [WORD]],
    ['an option', ['explain', `--${WORD}`, 'log']],
    ['a file', ['explain', WORD]],
    ['a filter', ['explain', 'log', 'rules', '--filter', `tcp port 80 and ${WORD}`]],
    ['an outcome', ['explain', 'log', 'rules', '--outcome', WORD]],
    ['a format', ['explain', '--as', `${WORD}:log`]],
    ['a packet', ['simulate', 'rules', '--packet', WORD]],
    ['a change', ['simulate', 'rules', '--packet', 'tcp 10.0.0.1:1 > 10.0.0.2:2', '--apply', `iptables -A ${WORD}`]],
    ['many words', ['simulate', 'rules', '--packet', 'ab '.repeat(30_000)]],
  ])('%s of 100 kB is not repeated whole', async (_, args) => {
    const told = await failing(args, files())
    expect(told.length).toBeLessThan(12_000)
  })

  test('a filter of 100 kB is shown where it is wrong', async () => {
    const filter = `${'tcp port 80 or '.repeat(7_000)}tcp prt 80`
    const [, text, marker] = (await failing(['explain', 'log', 'rules', '--filter', filter], files())).split('\n')
    expect(text).toMatch(/^ {2}….*tcp prt 80$/)
    expect(marker?.length).toBe(text!.indexOf('prt') + 3)
    expect(marker?.trim()).toBe('^^^')
  })

  test('a link to itself', async () => {
    const cwd = folder()
    symlinkSync('loop', join(cwd, 'loop'))
    expect(await failing(['explain', 'loop'], cwd)).toBe(
      'nfwhy: loop: it is a symbolic link that leads back to itself.\n',
    )
  })

  const NOBODY = 65534
  const asNobody = (args: readonly string[], cwd: string) =>
    spawnSync(process.execPath, [BIN, ...args], { cwd, uid: NOBODY, gid: NOBODY, encoding: 'utf8' })

  /** Root may read everything, and who else runs this cannot become somebody else. */
  const isRoot = process.getuid?.() === 0
  const canRun = isRoot && asNobody(['--version'], '/').status === 0

  test.runIf(canRun)('not permitted: an error for a file, a warning in a folder', () => {
    const cwd = folder({ 'b/log': LOG, 'b/rules': RULES, 'b/secret': LOG, 'b/closed/log': LOG })
    chmodSync(cwd, 0o755)
    for (const name of ['b/secret', 'b/closed']) chmodSync(join(cwd, name), 0o000)
    const file = asNobody(['explain', 'b/secret', 'b/rules'], cwd)
    expect(file).toMatchObject({ status: 2, stdout: '', stderr: 'nfwhy: b/secret: permission is denied.\n' })
    const all = asNobody(['explain', '--json', 'b'], cwd)
    expect(all.status).toBe(1)
    expect(all.stderr).toBe(
      '  warn   b/closed: permission is denied; it was left out\n' +
        '  warn   b/secret: permission is denied; it was left out\n',
    )
  })
})

describe('inputs that are something else', () => {
  test.each([
    ['noise', Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31 + (i >> 3) * 7) & 0xff), 'this binary file is'],
    ['prose', 'Dear colleague,\n\nthe firewall drops my packets. IN= and OUT= are not the cause.\n', 'this is'],
    ['JSON', '{"name":"nfwhy","files":["bin"]}\n', 'this is'],
    ['HTML', '<!doctype html><title>iptables</title>\n', 'this is'],
  ])('%s', async (name, content, kind) => {
    const stderr = await failing(['explain', name], folder({ [name]: content }))
    const [first, ...hint] = stderr.split('\n')
    expect(first).toBe(
      `nfwhy: ${name}: ${kind} neither a capture nor a ruleset nor host state that nfwhy knows; it was skipped.`,
    )
    expect(hint.join('\n')).toMatch(
      /^nfwhy reads captures \(dmesg, .*\n.*\nOn the host, as root: nfwhy trace .*\n--as .*\n$/,
    )
  })

  test('only a ruleset, only host state', async () => {
    const cwd = folder({ rules: RULES, sysctl: 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n' })
    expect(await failing(['explain', 'rules'], cwd)).toMatch(
      /^nfwhy: There is no capture among the inputs: rules \(iptables-save\)\.\nA capture tells of packets: dmesg /,
    )
    expect(await failing(['explain', 'sysctl', 'rules'], cwd)).toMatch(
      /^nfwhy: There is no capture among the inputs: sysctl \(sysctl\), rules \(iptables-save\)\.\n/,
    )
  })

  test('only a ruleset: how to take a capture is told in the words of its packet filter', async () => {
    const cwd = folder({
      rules: RULES,
      nft: 'table inet fw {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n',
    })
    const [legacy, nft] = [await failing(['explain', 'rules'], cwd), await failing(['explain', 'nft'], cwd)]
    expect(legacy).toContain('-j TRACE\n')
    expect(legacy).not.toContain('nft -a monitor trace >')
    expect(nft).toContain('  timeout 30 nft -a monitor trace > trace.txt')
    expect(nft).not.toContain('-j TRACE')
  })

  test('a ruleset, and a file that was meant to be the capture', async () => {
    const cwd = folder({ rules: RULES, log: 'Nov 20 08:00:00 host sshd[1]: hello\n' })
    expect(await failing(['explain', 'log', 'rules'], cwd)).toMatch(
      /^nfwhy: There is no capture among the inputs: rules \(iptables-save\)\.\nlog: this is neither a capture .*; it was skipped\.\n/,
    )
  })
})

describe('--as', () => {
  test.each([
    ['log', '--as log: write --as FORMAT:FILE, as in --as kernel-log:saved.txt.'],
    ['kernel-log:', '--as kernel-log:: write --as FORMAT:FILE, as in --as kernel-log:saved.txt.'],
    ['kernl-log:log', '--as kernl-log:log: there is no format "kernl-log". Did you mean kernel-log?'],
    ['tarot:log', '--as tarot:log: there is no format "tarot".'],
  ])('%s', async (argument, sentence) => {
    const stderr = await failing(['explain', '--as', argument], files())
    expect(stderr.split('\n')[0]).toBe(`nfwhy: ${sentence}`)
    expect(stderr).toMatch(FORMATS)
  })

  test('a file that is not there, a folder', async () => {
    const cwd = files()
    expect(await failing(['explain', '--as', 'kernel-log:nofile'], cwd)).toBe('nfwhy: nofile: there is no such file.\n')
    expect(await failing(['explain', '--as', 'kernel-log:.'], cwd)).toBe('nfwhy: .: it is a folder.\n')
  })
})

describe('options', () => {
  test.each([
    ['dst prot 80', '"prot" is not an address; names are not looked up here. Did you mean "port"?', '      ^^^^'],
    ['tcpp', '"tcpp" is not a word of the filter language. Did you mean "tcp"?', '  ^^^^'],
    ['tcp and', 'the filter ends where a condition is needed', '         ^'],
    ['host 192.0.2.1 80', '"and" or "or" is needed before "80". Did you mean "and 80"?', '                 ^^'],
    ['port 80 & port 81', '"&" is not a word of the filter language. Did you mean "&&"?', '          ^'],
  ])('--filter %s points at the word', async (filter, sentence, mark) => {
    const [first, ...hint] = (await failing(['explain', 'log', '--filter', filter], files())).split('\n')
    expect(first!.replace(/\.$/, '')).toBe(`nfwhy: the filter cannot be read: ${sentence}`)
    expect(hint.slice(0, 2)).toEqual([`  ${filter}`, mark])
    expect(hint[2]).toMatch(/^See `man pcap-filter`; nfwhy adds: syn, /)
  })

  test.each([
    [['--outcome', 'droped'], '--outcome droped: there is no such outcome. Did you mean dropped?'],
    [['--outcome', 'dropped,lost'], '--outcome lost: there is no such outcome.'],
    [['--outcome', ''], '--outcome "": there is no such outcome.'],
    [
      ['--rule', 'KUBE-NODEPORTS 16'],
      "--rule KUBE-NODEPORTS 16: write the rule as TRACE prints it: table:chain:number (nat:KUBE-NODEPORTS:16), or as nfwhy names it: 'nat KUBE-NODEPORTS rule 16', 'filter INPUT policy'.",
    ],
    [['--width', '10'], '--width: give a number of columns, 40 to 1000.'],
    [['--width', 'wide'], '--width: give a number of columns, 40 to 1000.'],
    [['--idle', 'soon'], '--idle soon: give a number of seconds.'],
    [['--idle', '-1'], '--idle -1: give a number of seconds.'],
    [['--idle', '0'], '--idle 0: give a number of seconds.'],
    [['--json', '--ndjson'], '--json and --ndjson are two formats: choose one.'],
    [['--jsn'], "unknown option '--jsn'"],
    [['-o'], "option '-o, --output <FILE>' argument missing"],
  ])('%j', async (options, sentence) => {
    const stderr = await failing(['explain', 'log', ...options], files())
    expect(stderr.split('\n')[0]).toBe(`nfwhy: ${sentence}`)
  })

  test.each([
    ['--filter', 'tcpp'],
    ['--width', '1'],
    ['--rule', 'x'],
    ['-o', 'x.exe'],
    ['--outcome', 'lost'],
  ])('%s %s is refused before anything is read', async (...option) => {
    const live = begin(['explain', '-', ...option])
    expect(await new Promise((resolve) => live.child.on('close', resolve))).toBe(2)
  })
})

describe('commands', () => {
  test('unknown, with what was meant', async () => {
    expect(await failing(['explian'], folder())).toBe(
      "nfwhy: unknown command 'explian'\n(Did you mean explain?)\n(nfwhy --help says more)\n",
    )
    expect(await failing(['--jason'], folder())).toBe("nfwhy: unknown option '--jason'\n(nfwhy --help says more)\n")
  })

  test('forgotten in front of files', async () => {
    expect(await failing(['log', 'rules'], files())).toBe(
      'nfwhy: "log" is a file, not a command. Perhaps:\n  nfwhy explain log rules\n',
    )
  })

  test('an unknown option of one of them, with what was meant', async () => {
    expect(await failing(['explain', '--jsn'], folder())).toBe(
      "nfwhy: unknown option '--jsn'\n(Did you mean --json?)\n(nfwhy explain --help says more)\n",
    )
  })
})
