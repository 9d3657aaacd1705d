/** `nfwhy collect` of throw-away namespaces, and what other commands make of its bundles. */
// @module-tag slow
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { whyNot } from '../kernel/namespaces.ts'
import { addressesIn, leftOver } from '../redact/redacted.ts'
import { EXAMPLE, folder, nfwhy } from './nfwhy.ts'

const missing = whyNot('ip', 'ss', 'nft')
if (missing) console.warn(`collect is not run: ${missing}`)
/** A new, empty network namespace. */
const EMPTY = process.getuid?.() === 0 ? 'unshare --net' : 'unshare --user --map-root-user --net'
/** One with an address and a rule. `$0` and `$1` are the `sh -s` that is put behind it. */
const FILLED = `${EMPTY} sh -c 'ip link set lo up; ip addr add 10.71.72.73/24 dev lo; nft add table inet mine; nft add chain inet mine c { type filter hook input priority 0 \\; }; nft add rule inet mine c ip saddr 10.71.72.0/24 counter comment \\"acme\\"; exec "$0" "$@"'`

const filesOf = (path: string) => readdirSync(path).sort()

describe.skipIf(missing)('collect', () => {
  test('makes a folder or an archive that other commands read alike', async () => {
    const cwd = folder({})
    const one = await nfwhy(['collect', '--via', FILLED, '-o', 'why'], { cwd })
    expect(one).toMatchObject({ code: 0, stdout: 'why\n' })
    expect(one.stderr).toContain('  empty     iptables-legacy')
    expect(one.stderr).toContain('Next: nfwhy explain CAPTURE why')
    expect(filesOf(join(cwd, 'why'))).toEqual(
      expect.arrayContaining(['collected.txt', 'ip-addr.txt', 'ruleset.nft', 'sysctl.txt']),
    )
    expect(statSync(join(cwd, 'why')).mode & 0o777).toBe(0o700)
    expect(statSync(join(cwd, 'why/ruleset.nft')).mode & 0o777).toBe(0o600)
    const two = await nfwhy(['collect', '--via', FILLED, '-o', 'why.tgz'], { cwd })
    expect(two).toMatchObject({ code: 0, stdout: 'why.tgz\n' })
    expect(statSync(join(cwd, 'why.tgz')).mode & 0o777).toBe(0o600)
    const map = async (path: string) => {
      const { stdout, stderr, code } = await nfwhy(['map', '--json', path], { cwd })
      expect([code, stderr]).toEqual([0, ''])
      const { inputs, ...rest } = JSON.parse(stdout)
      return rest
    }
    const [fromFolder, fromArchive] = [await map('why'), await map('why.tgz')]
    expect(fromFolder.tables).toHaveLength(1)
    expect(fromArchive).toEqual(fromFolder)
    // nothing half-made is left beside them
    expect(filesOf(cwd)).toEqual(['why', 'why.tgz'])
  })

  test('names what it makes by the host and the time, and asks several machines', async () => {
    const cwd = folder({ 'trace.log': 'x\n' })
    const single = await nfwhy(['collect', '--via', EMPTY], { cwd })
    expect(single.stdout).toMatch(/^nfwhy-.+-\d{8}-\d{6}Z\.tgz\n$/)
    const { code, stderr } = await nfwhy(
      ['collect', '--via', FILLED, '--via', `${EMPTY} env`, '--capture', 'trace.log', '-o', 'both'],
      { cwd },
    )
    expect(code).toBe(0)
    const folders = filesOf(join(cwd, 'both'))
    expect(folders).toHaveLength(3)
    expect(folders).toContain('trace.log')
    for (const one of folders.filter((name) => name !== 'trace.log'))
      expect(filesOf(join(cwd, 'both', one))).toContain('collected.txt')
    expect(stderr).toContain('Next: nfwhy explain both\n')
  })

  test('what could not be had is told, and the rest is there', async () => {
    const cwd = folder({})
    const run = await nfwhy(
      ['collect', '--via', EMPTY, '--via', 'sh -c "exit 3"', '--via', 'nosuchprogram x', '-o', 'some'],
      { cwd },
    )
    expect(run).toMatchObject({ code: 2, stdout: 'some\n' })
    expect(run.stderr).toMatch(/nfwhy: sh -c .exit 3.: no shell answered there/)
    expect(run.stderr).toContain('there is no program nosuchprogram on this machine')
    expect(filesOf(join(cwd, 'some'))).toContain('collected.txt')
    const none = await nfwhy(['collect', '--via', 'false', '-o', 'none'], { cwd })
    expect(none).toMatchObject({ code: 2, stdout: '' })
    expect(filesOf(cwd)).toEqual(['some'])
  })

  test('of a connection that breaks what had come is kept, and that is told whenever it is read', async () => {
    const cwd = folder({})
    const run = await nfwhy(['collect', '--via', `${EMPTY} sh -c 'sh -s | head -c 3000'`, '-o', 'cut'], { cwd })
    expect(run).toMatchObject({ code: 2, stdout: 'cut\n' })
    expect(run.stderr).toContain('the connection broke in the middle of')
    const read = await nfwhy(['map', 'cut', EXAMPLE], { cwd })
    expect(read.stderr.replace(/\s+/g, ' ')).toContain('collecting was cut short: the connection broke')
  })

  test('never writes over anything, and says where it cannot write', async () => {
    const cwd = folder({ 'full/x': '', 'file.tgz': '' })
    for (const [name, words] of [
      ['full', 'full already exists'],
      ['file.tgz', 'file.tgz already exists'],
      ['no/such/folder.tgz', 'cannot be written: there is no such file'],
      ['no/such/folder', 'cannot be written: there is no such file'],
    ]) {
      const { code, stderr, stdout } = await nfwhy(['collect', '--via', EMPTY, '-o', name!], { cwd })
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(words)
    }
    expect(filesOf(cwd)).toEqual(['file.tgz', 'full'])
  })

  test('prints a script that makes a bundle by itself', async () => {
    const cwd = folder({})
    const { code, stdout } = await nfwhy(['collect', '--print-script'], { cwd })
    expect(code).toBe(0)
    writeFileSync(join(cwd, 'collect.sh'), stdout)
    const made = spawnSync('sh', ['-c', `${FILLED.replace('exec "$0" "$@"', 'exec sh collect.sh')}`], {
      cwd,
      encoding: 'utf8',
    })
    expect(made.stdout).toMatch(/^nfwhy-.*\.tgz\n$/)
    const map = await nfwhy(['map', made.stdout.trim()], { cwd })
    expect([map.code, map.stderr]).toEqual([0, ''])
    expect(map.stdout).toContain('mine')
    expect(await nfwhy(['collect', '--print-script', '--via', 'x'], { cwd })).toMatchObject({ code: 2, stdout: '' })
  })

  const noSetpriv = process.getuid?.() === 0 ? whyNot('setpriv') : 'not root, who could become somebody else'
  test.skipIf(noSetpriv)(`without root gets what anybody may see${noSetpriv ? `: ${noSetpriv}` : ''}`, async () => {
    const cwd = folder({})
    const nobody = `${FILLED.replace('exec "$0" "$@"', 'exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$0" "$@"')}`
    const run = await nfwhy(['collect', '--via', nobody, '-o', 'why'], { cwd })
    expect(run.code).toBe(0)
    expect(run.stderr).toMatch(/refused {3}ruleset\.nft: it takes CAP_NET_ADMIN \(root\); it shows the rules/)
    expect(filesOf(join(cwd, 'why'))).toEqual(
      expect.arrayContaining(['ip-addr.txt', 'ip-route4.txt', 'sockets.txt', 'sysctl.txt', 'uname.txt']),
    )
    expect(filesOf(join(cwd, 'why'))).not.toContain('ruleset.nft')
  })
})

describe.skipIf(missing)('redacted', () => {
  test('a bundle holds nothing of what it was, and the same key gives the same', async () => {
    const cwd = folder({})
    const capture = join(EXAMPLE, 'dmesg.log')
    const collect = (name: string, ...more: string[]) =>
      nfwhy(['collect', '--via', FILLED, '--capture', capture, '-o', name, ...more], { cwd })
    await collect('plain')
    const first = await collect('one', '--redact-key', 'k')
    expect(first.code).toBe(0)
    await collect('two', '--redact-key', 'k')
    const random = await collect('three', '--redact')
    expect(random.stderr).toMatch(/^Redacted with --redact-key [0-9a-f]{32}\n/)
    const read = (name: string, file: string) => readFileSync(join(cwd, name, file))
    for (const file of filesOf(join(cwd, 'plain')).filter((one) => one !== 'collected.txt')) {
      const before = addressesIn(read('plain', file).toString('latin1'))
      expect(leftOver(before, read('one', file)), file).toEqual([])
    }
    expect(addressesIn(read('plain', 'ruleset.nft').toString()).size).toBeGreaterThan(0)
    expect(read('two', 'ruleset.nft').toString()).toContain(/saddr \S+/.exec(read('one', 'ruleset.nft').toString())![0])
    expect(read('one', 'ruleset.nft').toString()).not.toContain('acme')
    const host = spawnSync('uname', ['-n'], { encoding: 'utf8' }).stdout.trim()
    expect(read('one', 'uname.txt').toString()).toMatch(/^Linux host-\w+ /)
    expect(read('one', 'collected.txt').toString()).not.toContain(`host ${host}\n`)
  })

  test('what is read is explained the same, and people ask with the addresses that they know', async () => {
    const [plain, redacted] = await Promise.all([
      nfwhy(['explain', '--json', EXAMPLE]),
      nfwhy(['explain', '--json', '--redact-key', 'k', EXAMPLE]),
    ])
    const shape = ({ stdout }: { stdout: string }) =>
      JSON.parse(stdout).journeys.map(({ outcome, culprit, findings }: Record<string, never>) => [
        outcome,
        (culprit as { chain?: string } | undefined)?.chain,
        (findings as unknown as { code: string }[]).map(({ code }) => code),
      ])
    expect(redacted.code).toBe(plain.code)
    expect(shape(redacted)).toEqual(shape(plain))
    expect(leftOver(addressesIn(plain.stdout), Buffer.from(redacted.stdout))).toEqual([])
    const asked = await nfwhy([
      'explain',
      '--json',
      '--redact-key',
      'k',
      '--filter',
      'dst host 172.28.129.4 and port 52000',
      EXAMPLE,
    ])
    expect(JSON.parse(asked.stdout).journeys).toHaveLength(1)
  })

  test('a host that any file names is replaced in all, and what is doubtful is told once', async () => {
    const rules =
      '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m u32 --u32 "0xc=0xa010203" -m comment --comment "for node-7" -j in-node-7\nCOMMIT\n'
    const log = readFileSync(join(EXAMPLE, 'dmesg.log'), 'utf8').replace(/^/gm, 'Jan  1 21:23:16 node-7 kernel: ')
    const cwd = folder({ 'a.rules': rules, 'z.log': log.replace(/Jan.*kernel: $/, '') })
    const { stdout, stderr } = await nfwhy(['explain', '--json', '--redact-key', 'k', 'a.rules', 'z.log'], { cwd })
    expect(stdout).not.toContain('node-7')
    expect(stderr).not.toContain('node-7')
    expect(JSON.parse(stdout).warnings.filter(({ code }: { code: string }) => code === 'hexadecimal')).toHaveLength(1)
    expect(stdout).not.toMatch(/times\)/)
  })

  test('what may hold anything is left out, or refused', async () => {
    const cwd = folder({
      'fw.sh': 'iptables -A INPUT -s 10.1.2.3 -j DROP\n',
      'x.log': readFileSync(join(EXAMPLE, 'dmesg.log')),
    })
    const run = await nfwhy(['explain', '--redact-key', 'k', 'fw.sh', 'x.log'], { cwd })
    expect(run.stderr).toContain('shell-script may hold anything')
    const collect = await nfwhy(['collect', '--redact', '--via', EMPTY, '--capture', 'fw.sh', '-o', 'b'], { cwd })
    expect(collect).toMatchObject({ code: 2, stdout: '' })
    expect(filesOf(cwd)).toEqual(['fw.sh', 'x.log'])
  })
})
