/**
 * Looking changes nothing: --dry-run, a start that is refused, --cleanup where nothing is left or where it is another
 * namespace's. And that what compares two moments (lab/snapshot.ts) finds what was left behind.
 */
import { describe, expect, test, vi } from 'vitest'
import { LATEST } from '../latest.ts'
import { TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { kill, sleep } from './lab/session.ts'
import { changes, changesAfter, type Snapshot, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace('tcpdump', 'setpriv')
const LEGACY = 'iptables-legacy -A INPUT -p udp --dport 9 -j DROP'

/** Also of empty tables, which a look can make. */
const tables = async (place: TestPlace): Promise<string> =>
  (await place.run('cat /proc/net/ip_tables_names /proc/net/ip6_tables_names; nft list tables; ls /sys/module')).output

async function open(whenOver: WhenOver, setup = LEGACY, without: readonly string[] = []) {
  const place = await TestPlace.open(whenOver, { setup, without })
  return { place, before: await snapshot(place), tablesBefore: await tables(place) }
}

/** A session that runs awaits each sign of life in a process of its own. */
const withoutNumbers = (seen: Snapshot): Snapshot =>
  new Set([...seen].map((line) => line.replace(/^process: \d+ /, 'process: ')))

describe.skipIf(missing)(`looking changes nothing${missing ? `: ${missing}` : ''}`, () => {
  describe.concurrent('--dry-run', () => {
    test.for([
      ['nft', 'nft add table inet t', []],
      ['nft', '', []],
      ['legacy', LEGACY, []],
      ['legacy', LEGACY, ['nft']],
      ['xtables-nft', '', []],
      ['xtables-nft', 'iptables-nft -A INPUT -j ACCEPT', []],
      ['auto', '', []],
    ] as const)('%s, with rules %j, without %j', async ([backend, setup, without], { onTestFinished }) => {
      const { place, before, tablesBefore } = await open(onTestFinished, setup, without)
      const run = place.trace(['--backend', backend, '--dry-run', 'tcp dst port 80'])
      const { code, stdout, stderr } = await run.ended
      expect(code, stderr).toBe(0)
      expect(stdout).toMatch(/^(add rule inet nfwhy|iptables).*80/m)
      expect(changes(before, await snapshot(place, run.mark))).toEqual([])
      expect(await tables(place)).toBe(tablesBefore)
    })
  })

  describe.concurrent('a start that is refused', () => {
    test('another program reads NFLOG group 0; unless it is told to take over', async ({ onTestFinished }) => {
      const { place } = await open(onTestFinished)
      place.background('exec tcpdump -i nflog:0 -w /dev/null')
      await place.run('until grep -q "^ *0 " /proc/net/netfilter/nfnetlink_log; do sleep 0.05; done')
      await sleep(100)
      const [before, tablesBefore] = [await snapshot(place), await tables(place)]
      const run = place.trace(['--backend', 'legacy', '--for', '1s'])
      const { code, stderr } = await run.ended
      expect(code).toBe(2)
      expect(stderr).toMatch(/reads NFLOG group 0/)
      expect(stderr).toContain('--take-over')
      expect(changes(before, await snapshot(place, run.mark))).toEqual([])
      expect(await tables(place)).toBe(tablesBefore)
    })

    test('the right to is missing: which', async ({ onTestFinished }) => {
      const { place, before, tablesBefore } = await open(onTestFinished)
      const via = `${place.via} setpriv --bounding-set=-net_admin --inh-caps=-net_admin`
      const run = place.trace(['--for', '1s'], {}, via)
      const { code, stderr } = await run.ended
      expect(code).toBe(2)
      expect(stderr).toContain('CAP_NET_ADMIN')
      expect(changes(before, await snapshot(place, run.mark))).toEqual([])
      expect(await tables(place)).toBe(tablesBefore)
    })

    test('nobody answers there', async ({ onTestFinished }) => {
      const { place } = await open(onTestFinished)
      const { code, stderr } = await place.trace(['--for', '1s'], {}, 'false').ended
      expect(code).toBe(2)
      expect(stderr).toMatch(/^nfwhy: false: no shell answered/m)
    })
  })

  describe.concurrent('--cleanup', () => {
    test('nothing is left: nothing changes', async ({ onTestFinished }) => {
      const { place, before } = await open(onTestFinished)
      const { code, stdout } = await place.trace(['--cleanup']).ended
      expect(code).toBe(0)
      expect(stdout).toContain('nothing is left behind')
      expect(changes(before, await snapshot(place))).toEqual([])
    })

    test('a session that still runs keeps what it has', async ({ onTestFinished }) => {
      const { place } = await open(onTestFinished, LEGACY, ['nft'])
      const run = place.trace(['--backend', 'legacy'])
      await run.says(/^Ready/m)
      const before = await snapshot(place)
      const { stdout } = await place.trace(['--cleanup']).ended
      expect(stdout).toContain('still runs')
      // the clean-up's own shell ends a moment later
      await vi.waitFor(
        async () => expect(changes(withoutNumbers(before), withoutNumbers(await snapshot(place)))).toEqual([]),
        { timeout: LATEST, interval: 200 },
      )
    })

    test('what a session left in another network namespace is not run here', async ({ onTestFinished }) => {
      const { place, before } = await open(onTestFinished)
      const run = place.trace(['--backend', 'legacy'])
      await run.says(/^Ready/m)
      for (const pid of [...run.halves()!.all.toReversed(), run.child.pid!]) kill(pid)
      await sleep(300)
      // the same files, another network, whose logger is somebody else's affair
      const other = await TestPlace.open(onTestFinished)
      await other.run('echo nfnetlink_log >/proc/sys/net/netfilter/nf_log/2')
      const otherBefore = await snapshot(other)
      const via = `nsenter -t ${place.pid} -m nsenter --net=/proc/${other.pid}/ns/net`
      const elsewhere = await place.trace(['--cleanup'], {}, via).ended
      expect(elsewhere.stdout).toContain('another network namespace')
      expect(changes(otherBefore, await snapshot(other))).toEqual([])
      expect(changes(before, await snapshot(place))).not.toEqual([])
      expect((await place.trace(['--cleanup']).ended).code).toBe(0)
      expect(await changesAfter(before, place, run.mark, 1)).toEqual([])
    })
  })

  test('a snapshot finds whatever is left', async ({ onTestFinished }) => {
    const place = await TestPlace.open(onTestFinished, { setup: LEGACY })
    const before = await snapshot(place)
    const left = async (plant: string) => {
      expect((await place.runThere(plant)).output).toBe('')
      return changes(before, await snapshot(place))
    }
    const LEFT = [
      [
        'nft add table inet nfwhy-1; nft add chain inet nfwhy-1 c "{ type filter hook input priority 0; }"; nft add rule inet nfwhy-1 c meta nftrace set 1',
        'nft delete table inet nfwhy-1',
        /^\+ nft: inet nfwhy-1 .*nftrace/,
      ],
      [
        'iptables-legacy -t raw -I PREROUTING -j TRACE',
        'iptables-legacy -t raw -D PREROUTING -j TRACE',
        /^\+ iptables -t raw: .*TRACE/,
      ],
      [
        'ip6tables-legacy -t raw -I OUTPUT -j TRACE',
        'ip6tables-legacy -t raw -D OUTPUT -j TRACE',
        /^\+ ip6tables -t raw: .*TRACE/,
      ],
      [
        'iptables-nft -t raw -I OUTPUT -j TRACE 2>/dev/null',
        'iptables-nft -t raw -D OUTPUT -j TRACE',
        /^\+ nft: ip raw .*nftrace/,
      ],
      [
        'echo NONE >/proc/sys/net/netfilter/nf_log/10',
        'echo nf_log_ipv6 >/proc/sys/net/netfilter/nf_log/10',
        /nf_log\/10:NONE$/,
      ],
      ['mkdir /run/nfwhy; : >/run/nfwhy/nfwhy-1.sh', 'rm -r /run/nfwhy', /note: .*nfwhy-1\.sh/],
      [
        'iptables-legacy -D INPUT 1',
        'iptables-legacy -A INPUT -p udp --dport 9 -j DROP',
        /^- iptables -t filter: .*DROP/,
      ],
    ] as const
    for (const [plant, remove, found] of LEFT) {
      expect(await left(plant), plant).toEqual(expect.arrayContaining([expect.stringMatching(found)]))
      // an empty table may stay
      expect(await left(remove), remove).toEqual([])
    }
    const sleeper = place.background('exec sleep 77')
    await sleep(100)
    expect(changes(before, await snapshot(place))).toEqual([`+ process: ${sleeper.pid} sleep 77`])
  })
})
