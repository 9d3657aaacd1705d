/** The close look: changes nothing, and says the same under every shell. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CLOSE_LOOK } from '../../../src/live/survey/close-look.ts'
import { type Facts, readFacts, survey } from '../../../src/live/survey/facts.ts'
import { PROBE } from '../../../src/live/survey/probe.ts'
import { runScript, type TraceHost } from '../../../src/live/trace-host.ts'
import { lab, whyNoLab } from '../doctor/lab.ts'

const why = whyNoLab('nft', 'iptables-legacy', 'iptables-nft', 'strace', 'busybox')
const described = describe.skipIf(why !== undefined)

const scratch = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Folders of other commands that run beside this one (mkdtemp: six letters and digits); those of a survey have digits alone. */
const SPOOL = 'nfwhy-[0-9]*[A-Za-z][A-Za-z0-9]*$'

/** All that looking might change, but for who is looking. */
const state = async (place: TraceHost): Promise<string> => {
  const script = `
nft -a list ruleset
for f in ip ip6; do echo "$f: $(cat /proc/net/\${f}_tables_names)"; done
for t in $(cat /proc/net/ip_tables_names); do iptables-legacy-save -c -t $t | grep -v '^#'; done
cat /proc/modules 2>/dev/null
cat /proc/net/netfilter/nf_log /proc/net/netfilter/nfnetlink_log
ip -o link; ip -o addr; ip route show table all; ip rule
for f in $(find /proc/sys/net -type f); do echo "$f $(cat $f 2>/dev/null)"; done | grep -v 'nf_conntrack_count\\|retrans_time\\|/neigh/\\|stable_secret'
find /run /tmp -maxdepth 1 -newer /proc/1/comm -name '*nfwhy-[0-9]*' | grep -v '${SPOOL}'`
  const { stdout } = await runScript(place, script)
  return new TextDecoder().decode(stdout)
}

described(`in a namespace${why === undefined ? '' : `: ${why}`}`, () => {
  test.each([
    ['nothing', ''],
    [
      'rules of both',
      'iptables-legacy -t raw -A OUTPUT -j TRACE; iptables-nft -t raw -A OUTPUT -j TRACE; nft add table ip x',
    ],
  ])('%s: looking changes nothing', async (_, setup) => {
    const place = await lab(setup)
    const before = await state(place)
    const facts = await survey(place, 'close')
    expect(facts.texts.has('nft')).toBe(true)
    expect(await state(place)).toBe(before)
    expect(before).toContain('ip: ')
  })

  test('it loads no module, writes no file, and starts no program that does', async () => {
    const place = await lab('iptables-legacy -t raw -A OUTPUT -j TRACE; iptables-nft -t raw -A OUTPUT -j TRACE')
    const log = join(scratch(), 'strace')
    const traced = 'openat,open,creat,init_module,finit_module,delete_module,mount,unlink,unlinkat,mkdir,rename,execve'
    const { status, stdout } = spawnSync(
      place.prefix[0]!,
      [...place.prefix.slice(1), 'strace', '-f', '-qq', '-e', `trace=${traced}`, '-o', log, 'sh', '-s'],
      { input: PROBE + CLOSE_LOOK, encoding: 'utf8' },
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(/^text ip-raw \*raw$/m)
    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => /_module\(|creat\(|mount\(|unlink|mkdir|rename|O_WRONLY|O_RDWR|modprobe/.test(line))
      // a loop that looks for programs names modprobe, and what does not work is thrown away
      .filter((line) => !/"\/dev\/(?:null|tty)"/.test(line))
    // the lock of xtables is taken, and left as it was
    expect(calls.filter((line) => !/xtables\.lock|nfwhy-doctor\.lock/.test(line))).toEqual([])
    expect(readFileSync(log, 'utf8')).toContain('execve')
  })

  const comparable = ({ shellPid, seconds, files, texts, ...rest }: Facts) => ({
    ...rest,
    // iptables-save notes the time
    texts: new Map([...texts].map(([name, lines]) => [name, lines.filter((line) => !line.startsWith('# '))])),
    files: new Map([...files].filter(([path]) => !/netlink$|net\/dev$/.test(path))),
  })
  const setup =
    'iptables-legacy -t raw -A OUTPUT -p tcp -j TRACE; nft add table ip x; nft monitor trace >/dev/null 2>&1 &'

  test.each([[['bash']], [['busybox', 'ash']]])('%s says what sh says', async (shell) => {
    const { prefix } = await lab(setup)
    const look = (words: string[]) => {
      const run = spawnSync(prefix[0]!, [...prefix.slice(1), ...words], { input: PROBE + CLOSE_LOOK, encoding: 'utf8' })
      expect(run.stderr).toBe('')
      return comparable(readFacts(run.stdout))
    }
    expect(look(shell)).toEqual(look(['sh']))
  })

  test('with BusyBox alone, of tools too', async () => {
    const { prefix } = await lab('iptables-legacy -t raw -A OUTPUT -p tcp -j TRACE')
    const folder = scratch()
    const applets = [
      'sh',
      'ash',
      'cat',
      'sed',
      'awk',
      'grep',
      'tr',
      'readlink',
      'head',
      'id',
      'uname',
      'date',
      'ls',
      'dmesg',
      'ip',
    ]
    for (const name of applets) symlinkSync('/usr/bin/busybox', join(folder, name))
    symlinkSync('/usr/sbin/iptables-legacy-save', join(folder, 'iptables-legacy-save'))
    const run = spawnSync(prefix[0]!, [...prefix.slice(1), join(folder, 'sh')], {
      input: `PATH=${folder}\n${PROBE}${CLOSE_LOOK}`,
      encoding: 'utf8',
    })
    expect(run.stderr).toBe('')
    const facts = readFacts(run.stdout)
    expect(facts.programs.has('nft')).toBe(false)
    expect(facts.texts.get('ip-raw')).toContain('[0:0] -A OUTPUT -p tcp -j TRACE')
    expect(facts.texts.get('link')?.[0]).toContain('LOOPBACK')
    expect(facts.texts.has('dmesg')).toBe(true)
  })

  test('without any right it says what it was refused', async () => {
    const { prefix, name } = await lab(setup)
    const place = { name, prefix: [...prefix, 'setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] }
    const facts = await survey(place, 'close')
    expect(facts.uid).toBe(65534)
    expect(facts.nftRefused).toMatch(/not permitted/)
    expect([...facts.unreadable]).toContain('/proc/net/ip_tables_names')
    expect(facts.texts.has('nft')).toBe(false)
  })
})

test('what a look prints is read', () => {
  const facts = readFacts(
    [
      'text nft',
      'text nft table ip x { # handle 1',
      'text nft \tchain y {',
      'text nft ',
      'refused ip-raw there is no iptables-legacy-save',
      'process 12 tcpdump net:[4026531833] tcpdump -i nflog ',
      'process 13 nft - nft monitor trace ',
      'socket 4711 12 tcpdump',
      'module xt_TRACE missing',
      'container docker',
    ].join('\n'),
  )
  expect(facts.texts.get('nft')).toEqual(['table ip x { # handle 1', '\tchain y {'])
  expect(facts.refused.get('ip-raw')).toBe('there is no iptables-legacy-save')
  expect(facts.processes).toEqual([
    { pid: 12, name: 'tcpdump', namespace: 'net:[4026531833]', command: 'tcpdump -i nflog' },
    { pid: 13, name: 'nft', command: 'nft monitor trace' },
  ])
  expect(facts.sockets.get('4711')).toEqual({ pid: 12, name: 'tcpdump' })
  expect(facts.modules.get('xt_TRACE')).toBe('missing')
  expect(facts.container).toBe('docker')
})
