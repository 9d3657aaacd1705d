/** Packets are of one class when they differ only in what no rule asks for. */
import { expect, test } from 'vitest'
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import type { JourneyClass } from '../../src/analysis/closed-journey.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'
import { worldOf } from './journeys.ts'

interface Sent {
  mac?: string
  src?: string
  options?: string
  sport?: number
  flags?: string
  length?: number
}

const line = (
  { mac = '02', src = '192.0.2.1', options = '020405B4', sport, flags = 'SYN', length = 80 }: Sent,
  id: number,
) =>
  `TRACE: filter:INPUT:policy:2 IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:${mac}:08:00 SRC=${src} ` +
  `DST=192.0.2.9 LEN=${length} TOS=0x00 PREC=0x00 TTL=64 ID=${id} DF PROTO=TCP SPT=${sport ?? 40000 + id} DPT=22 SEQ=7 ACK=0 ` +
  `WINDOW=1 RES=0x00 ${flags} URGP=0 OPT (${options}) \n`

/** How many of the packets, which come one after the other, are of each class. */
const classes = (rule: string, ...packets: Sent[]): number[] =>
  classesIn(`*filter\n:INPUT DROP [0:0]\n-A INPUT ${rule} -j ACCEPT\nCOMMIT\n`, packets)

function classesIn(rules: string, packets: readonly Sent[], ...more: string[]): number[] {
  const world = worldOf(rules, ...more)
  const counts = new Map<JourneyClass, number>()
  const explainer = new CaptureExplainer(
    kernelLog,
    world,
    () => {},
    (closed) => {
      counts.set(closed.class!, (counts.get(closed.class!) ?? 0) + 1)
    },
  )
  for (const [i, packet] of packets.entries()) {
    explainer.push(new TextEncoder().encode(line(packet, i + 1)))
    // its state is free for the next one
    explainer.pause()
  }
  explainer.end()
  return [...counts.values()]
}

test('MAC addresses count where a rule asks for one', () => {
  const packets = [{ mac: '02' }, { mac: '03' }, { mac: '02' }]
  expect(classes('-m mac --mac-source 02:00:00:00:00:04', ...packets)).toEqual([2, 1])
  expect(classes('-p udp', ...packets)).toEqual([3])
})

test('TCP options count where a rule asks for one', () => {
  const packets = [{ options: '020405B4' }, { options: '02040200' }, { options: '020405B4' }]
  expect(classes('-p tcp -m tcp --tcp-option 8', ...packets)).toEqual([2, 1])
  expect(classes('-m mac --mac-source 02:00:00:00:00:04', ...packets)).toEqual([3])
})

test('addresses count whole where a rule asks for some under a mask with gaps', () => {
  const packets = [{ src: '192.0.2.1' }, { src: '192.0.3.1' }, { src: '192.0.2.1' }]
  expect(classes('-s 192.0.0.1/255.255.0.255', ...packets)).toEqual([2, 1])
  expect(classes('-s 203.0.113.1', ...packets)).toEqual([3])
})

test('the port of a DNAT is the source of its replies; that of a client is the same by chance', () => {
  const nat = '-A PREROUTING -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.2:8443'
  const rules = `*nat\n:PREROUTING ACCEPT [0:0]\n${nat}\nCOMMIT\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n`
  const ports = [{ sport: 50_001 }, { sport: 8443 }, { sport: 50_003 }]
  expect(classesIn(rules, ports)).toEqual([3])
  expect(
    classesIn(
      rules,
      ports.map((one) => ({ ...one, flags: 'ACK' })),
    ),
  ).toEqual([2, 1])
})

test('the length counts where a limit of bytes may be too small for it', () => {
  const packets = [{ length: 80 }, { length: 90 }, { length: 80 }]
  const rules = '*filter\n:INPUT DROP [0:0]\nCOMMIT\n'
  const limit = (rate: string) =>
    `table inet t {\n\tchain c {\n\t\ttype filter hook input priority 10; policy accept;\n\t\tlimit rate ${rate} accept\n\t}\n}\n`
  expect(classesIn(rules, packets, limit('85 bytes/second'))).toEqual([2, 1])
  expect(classesIn(rules, packets, limit('85/second'))).toEqual([3])
})
