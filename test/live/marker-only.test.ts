/** iptables-legacy tells only of packets that come to its tables; what routing drops before is told of by its marks. */
import { describe, expect, test } from 'vitest'
import type { Journey } from '../../src/model/journey.ts'
import { TestPlace, whyNoPlace } from './lab/place.ts'
import { TraceRun } from './lab/session.ts'

const missing = whyNoPlace('tcpdump')

describe.skipIf(missing)(`iptables-legacy${missing ? `: ${missing}` : ''}`, () => {
  test.for([[[]], [['--programs']]] as const)(
    'each packet once, also such as met no rule: %s',
    async ([args], { onTestFinished }) => {
      const host = await TestPlace.open(onTestFinished)
      const router = await TestPlace.open(onTestFinished, {
        setup: `
ip link add veth0 type veth peer name veth0 netns ${host.pid}
ip link set veth0 up; ip link set lo up; ip addr add 192.0.2.2/24 dev veth0
sysctl -qw net.ipv4.ip_forward=1
iptables-legacy -A INPUT -p tcp --dport 80 -j DROP`,
      })
      await host.run(
        'ip link set veth0 up; ip addr add 192.0.2.1/24 dev veth0; ip route add 203.0.113.0/24 via 192.0.2.2; ping -c 1 -W 1 192.0.2.2',
      )
      const filter = 'icmp and (src host 192.0.2.1 or dst host 192.0.2.1)'
      const run = new TraceRun([...args, '--json', '--via', router.via, filter])
      onTestFinished(() => run.kill())
      await run.says(/^Ready/m)
      await host.run('ping -c 1 -W 0.5 203.0.113.9; ping -c 2 -i 0.2 -W 0.5 192.0.2.2')
      await new Promise((resolve) => setTimeout(resolve, 300))
      run.kill('SIGINT')
      const { stdout, stderr } = await run.ended
      const journeys: Journey[] = JSON.parse(stdout).journeys
      const told = journeys.map(({ packet, outcome }) => `${packet.dst} ${packet.icmpType} ${outcome}`).sort()
      expect(told, stderr).toEqual(
        [
          '203.0.113.9 8 vanished',
          '192.0.2.1 3 sent',
          '192.0.2.2 8 delivered',
          '192.0.2.2 8 delivered',
          '192.0.2.1 0 sent',
          '192.0.2.1 0 sent',
        ].sort(),
      )
      expect(journeys.find(({ outcome }) => outcome === 'vanished')?.findings[0]?.code).toBe('vanished-no-route')
      expect(JSON.parse(stdout).stats.journeys).toBe(journeys.length)
    },
  )
})
