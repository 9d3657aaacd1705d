/**
 * Over ssh, to an sshd that runs in a place of its own, with programs over there as readers: the same journeys as here;
 * and nothing stays behind where the connection is cut, or hangs.
 */
import { describe, expect, test } from 'vitest'
import { type PlaceOptions, TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { kill, type RunOptions, sleep } from './lab/session.ts'
import { Patience } from './lab/slowness.ts'
import { changes, changesAfter, snapshot } from './lab/snapshot.ts'
import { startSshd } from './lab/sshd.ts'

const missing = whyNoPlace('/usr/sbin/sshd', 'ssh', 'ssh-keygen', 'tcpdump')

const LEGACY = `
iptables-legacy -A INPUT -p icmp -s 127.0.0.9 -j DROP
ip addr add 127.0.0.9/8 dev lo`
const NFT = `
ip addr add 127.0.0.9/8 dev lo
nft add table ip fw
nft 'add chain ip fw input { type filter hook input priority 0; policy accept; }'
nft add rule ip fw input ip saddr 127.0.0.9 icmp type echo-request drop`

const WAYS: [string, string[], PlaceOptions][] = [
  ['nft', ['--backend', 'nft', '--programs'], { setup: NFT }],
  ['legacy, marked by an nft table', ['--backend', 'legacy', '--programs'], { setup: LEGACY }],
  ['legacy without nft', ['--backend', 'legacy', '--programs'], { setup: LEGACY, without: ['nft'] }],
]

async function open(whenOver: WhenOver, options: PlaceOptions) {
  const place = await TestPlace.open(whenOver, options)
  const sshd = await startSshd(place, whenOver)
  const before = await snapshot(place)
  const trace = (args: readonly string[], more?: RunOptions) => place.trace([...args, 'icmp'], more, sshd.via)
  return { place, sshd, before, trace }
}

describe.skipIf(missing)(`over ssh${missing ? `: ${missing}` : ''}`, () => {
  describe.concurrent.each(WAYS)('%s', (_, args, options) => {
    test('a dropped packet is told, and all is taken back', async ({ onTestFinished }) => {
      const { place, before, trace } = await open(onTestFinished, options)
      const run = trace([...args, '--json', '--count', '1', '--outcome', 'dropped'])
      await run.says(/^Ready: (nft monitor|tcpdump)/m)
      await place.run('ping -c 1 -W 0.2 -I 127.0.0.9 127.0.0.1')
      const { code, stdout, stderr } = await run.ended
      expect(code, stderr).toBe(1)
      const { journeys } = JSON.parse(stdout)
      expect(journeys).toHaveLength(1)
      expect(journeys[0]).toMatchObject({
        outcome: 'dropped',
        basis: 'observed',
        packet: { src: '127.0.0.9', protocol: 'icmp' },
      })
      expect(journeys[0].culprit.rule).toMatch(/127\.0\.0\.9/)
      expect(await changesAfter(before, place, run.mark, 3)).toEqual([])
    })

    test('the connection is cut', async ({ onTestFinished }) => {
      const { place, before, sshd, trace } = await open(onTestFinished, options)
      const run = trace(args)
      await run.says(/^Ready/m)
      expect(changes(before, await snapshot(place)).some((line) => /nfwhy-\d/.test(line))).toBe(true)
      for (const pid of await sshd.connections()) kill(pid)
      const { code, stderr } = await run.ended
      expect(code).toBe(2)
      expect(stderr).toMatch(/^nfwhy: (?!this is a bug)/m)
      expect(await changesAfter(before, place, run.mark, 3)).toEqual([])
    })

    test('the connection hangs', async ({ onTestFinished }) => {
      const { place, before, sshd, trace } = await open(onTestFinished, options)
      const run = trace(args, { env: { NFWHY_SILENCE: '4' } })
      await run.says(/^Ready/m)
      const connections = await sshd.connections()
      for (const pid of connections) kill(pid, 'SIGSTOP')
      const patience = new Patience(20, onTestFinished)
      const { code, stderr } = await run.ended
      expect(code).toBe(2)
      expect(stderr).toContain('no data came from there')
      expect(patience.isOver).toBe(false)
      await sleep(1000)
      // sshd's own processes are still stopped
      const left = (await changesAfter(before, place, run.mark, 3)).filter((line) => !/process: \d+ sshd: /.test(line))
      for (const pid of connections) kill(pid)
      expect(left).toEqual([])
    })
  })
})
