/** Other ways to a place: named namespaces, two at once, and a shell and tools that are BusyBox's alone. */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { kill, TraceRun } from './lab/session.ts'
import { changes, changesAfter, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace()
const noBusybox = missing ?? whyNoPlace('busybox')

const DROPS = `
ip addr add 127.0.0.9/8 dev lo
iptables-legacy -A INPUT -p icmp -s 127.0.0.9 -j DROP`
const PING = 'ping -c 1 -W 0.2 -I 127.0.0.9 127.0.0.1'

describe.skipIf(missing).concurrent(`--via${missing ? `: ${missing}` : ''}`, () => {
  test.for([
    ['ip netns exec', (name: string) => `ip netns exec ${name}`],
    ['nsenter', (name: string) => `nsenter --net=/run/netns/${name}`],
  ] as const)('%s', async ([, lead], { onTestFinished }) => {
    const name = `nfwhy-safety-${process.pid}-${randomInt(1e6)}`
    const ip = (...words: string[]) => spawnSync('ip', words, { encoding: 'utf8' })
    const { status, stderr: why } = ip('netns', 'add', name)
    expect(status, why).toBe(0)
    onTestFinished(() => void ip('netns', 'delete', name))
    const there = (script: string) => spawnSync('ip', ['netns', 'exec', name, 'sh', '-c', script], { encoding: 'utf8' })
    expect(there(`ip link set lo up; ${DROPS}`).status).toBe(0)
    const state = () =>
      there('nft list ruleset; iptables-legacy-save -t filter; cat /proc/sys/net/netfilter/nf_log/*').stdout
    const clean = (text: string) => text.replace(/^#.*\n|\[\d+:\d+\]/gm, '')
    const before = clean(state())
    const run = new TraceRun(['icmp', '--json', '--count', '1', '--outcome', 'dropped', '--via', lead(name)])
    onTestFinished(() => run.kill())
    await run.says(/^Ready: the kernel's netlink socket/m)
    there(PING)
    const { code, stdout, stderr } = await run.ended
    expect(code, stderr).toBe(1)
    expect(JSON.parse(stdout).journeys).toMatchObject([
      { outcome: 'dropped', culprit: { chain: 'INPUT', ruleNumber: 1 } },
    ])
    expect(clean(state())).toBe(before)
    expect(run.processes()).toEqual([])
  })

  test('two at once: the packet that goes from one to the other is joined', async ({ onTestFinished }) => {
    const one = await TestPlace.open(onTestFinished, {
      setup: 'nft add table inet t; nft "add chain inet t c { type filter hook output priority 0; }"',
    })
    const two = await TestPlace.open(onTestFinished, {
      setup: `
ip link add veth0 type veth peer name veth0 netns ${one.pid}
ip link set veth0 up; ip addr add 192.0.2.2/24 dev veth0
iptables-legacy -A INPUT -p icmp -s 192.0.2.1 -j DROP`,
    })
    await one.run('ip link set veth0 up; ip addr add 192.0.2.1/24 dev veth0')
    const before = [await snapshot(one), await snapshot(two)] as const
    const run = new TraceRun(['icmp', '--json', '--for', '4s', '--via', one.via, '--via', two.via])
    onTestFinished(() => run.kill())
    await run.says(/^Ready/m)
    await one.run('ping -c 1 -W 0.3 192.0.2.2')
    const { code, stdout, stderr } = await run.ended
    expect(code, stderr).toBe(1)
    const { journeys, joined } = JSON.parse(stdout)
    const [sent] = journeys.filter(({ host }: { host: string }) => host === one.via)
    const [dropped] = journeys.filter(({ host }: { host: string }) => host === two.via)
    expect(sent).toMatchObject({ outcome: 'sent', packet: { src: '192.0.2.1', dst: '192.0.2.2' } })
    expect(dropped).toMatchObject({ outcome: 'dropped', culprit: { chain: 'INPUT', ruleNumber: 1 } })
    expect(joined).toEqual([{ from: { host: one.via, journey: sent.id }, to: { host: two.via, journey: dropped.id } }])
    expect(await changesAfter(before[0], one, run.mark, 3)).toEqual([])
    expect(await changesAfter(before[1], two, run.mark, 3)).toEqual([])
  })
})

/** Only these, besides BusyBox's own: what the kernel is spoken to with. */
const TOOLS = [
  'nft',
  'iptables-legacy',
  'iptables-legacy-save',
  'ip6tables-legacy',
  'ip6tables-legacy-save',
  'tcpdump',
  'ip',
]

describe.skipIf(noBusybox).concurrent(`BusyBox alone${noBusybox ? `: ${noBusybox}` : ''}`, () => {
  /** A folder of links is all of PATH; only /usr/sbin is looked into besides. */
  const open = async (whenOver: WhenOver, tools: readonly string[]) => {
    const place = await TestPlace.open(whenOver, { setup: DROPS, without: tools.includes('nft') ? [] : ['nft'] })
    const { status, output } = await place.runThere(`
set -e
mkdir /run/bin
$(command -v busybox) --install -s /run/bin
ln -sf "$(command -v busybox)" /run/bin/busybox
for tool in ${tools.join(' ')}; do ln -sf "$(command -v $tool)" /run/bin/$tool; done`)
    expect(status, output).toBe(0)
    return { place, via: `${place.via} env -i PATH=/run/bin /run/bin/busybox` }
  }
  test.for([
    ['nft drives it', TOOLS, ['--programs']],
    ['nft drives it, by its socket', TOOLS, []],
    ['rules', TOOLS.filter((tool) => tool !== 'nft'), ['--programs']],
  ] as const)('%s', async ([, tools, args], { onTestFinished }) => {
    const { place, via } = await open(onTestFinished, tools)
    const before = await snapshot(place)
    const run = place.trace(
      ['icmp', ...args, '--backend', 'legacy', '--json', '--count', '1', '--outcome', 'dropped'],
      {},
      via,
    )
    await run.says(/^Ready/m)
    await place.run(PING)
    const { code, stdout, stderr } = await run.ended
    expect(code, stderr).toBe(1)
    expect(JSON.parse(stdout).journeys).toMatchObject([
      { outcome: 'dropped', culprit: { chain: 'INPUT', ruleNumber: 1 } },
    ])
    expect(await changesAfter(before, place, run.mark, 4)).toEqual([])
  })

  test('killed', async ({ onTestFinished }) => {
    for (const [tools, args] of [
      [TOOLS, []],
      [TOOLS.filter((tool) => tool !== 'nft'), ['--programs']],
    ] as const) {
      const { place, via } = await open(onTestFinished, tools)
      const before = await snapshot(place)
      const run = place.trace([...args, '--backend', 'legacy'], {}, via)
      await run.says(/^Ready/m)
      run.kill()
      expect(await changesAfter(before, place, run.mark, 8)).toEqual([])
    }
  })

  test('killed together with its shells: cleaned up by its note', async ({ onTestFinished }) => {
    const { place, via } = await open(
      onTestFinished,
      TOOLS.filter((tool) => tool !== 'nft'),
    )
    const before = await snapshot(place)
    const run = place.trace(['--backend', 'legacy'], {}, via)
    await run.says(/^Ready/m)
    const { output } = await place.run(`pgrep -f '[s]h -s ${run.id}$'`)
    for (const pid of [...output.trim().split('\n').map(Number), run.child.pid!]) kill(pid)
    await run.ended
    expect(changes(before, await snapshot(place))).toContain(`+ note: /run/nfwhy/${run.id}`)
    expect((await place.trace(['--cleanup'], {}, via).ended).code).toBe(0)
    // what a shell was waiting with ends by itself
    expect(await changesAfter(before, place, run.mark, 40)).toEqual([])
  })
})
