/**
 * Many exchanges that work, through a router that rewrites and filters: all of them are answered, nothing is warned
 * of, and nothing is told of that was not there. On each packet filter, of either family, as saved; and live.
 *
 *     NFWHY_HEALTHY=1000 npx vitest run test/kernel/healthy-many.test.ts   # a thousand of each
 *
 * NFWHY_HEALTHY_KEEP=DIR keeps what was saved, where it fails.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { build } from '../../src/demo/build.ts'
import { Lab } from '../../src/demo/lab.ts'
import { type Exchange, type Input, open } from '../../src/index.ts'
import { shellWord } from '../../src/model/command.ts'
import { TraceRun } from '../live/lab/session.ts'
import type { Backend } from '../problems/problem.ts'
import { isLogged, startTrace, stateOf } from '../problems/trace.ts'
import { whyNoLab } from './lab/available.ts'
import { holdLogs } from './lab/hold-logs.ts'
import { isPlayedHere } from './lab/lane.ts'
import { whyNot } from './namespaces.ts'

const COUNT = Number(process.env.NFWHY_HEALTHY ?? 100)
/** Milliseconds in which a busy machine may come to nothing. */
const PATIENCE = 60_000
/** Milliseconds in which what becomes known late is told: two seconds without a reply, and the end of what is open. */
const LATE = 3000
/** Milliseconds between two of them: whoever prints the trace has to keep up on a busy machine. */
const PAUSE = 8
const FIRST_PORT = 20_000

type Family = 'ip' | 'ip6'

const ADDRESSES = {
  ip: { router: '192.0.2.1', client: '192.0.2.2', inside: '198.51.100.1', server: '198.51.100.2', bits: 24 },
  ip6: { router: '2001:db8:1::1', client: '2001:db8:1::2', inside: '2001:db8:2::1', server: '2001:db8:2::2', bits: 64 },
} as const

/** TCP to the router, which sends it on to the server; UDP to the server, which sees the router's address. */
const ASKED = (family: Family) =>
  ({ tcp: [ADDRESSES[family].router, 8080], udp: [ADDRESSES[family].server, 53] }) as const

const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address)

function rulesOf(backend: Backend, family: Family) {
  const { router, server } = ADDRESSES[family]
  if (backend === 'nft')
    return {
      nft: `table ${family} nat {
  chain prerouting { type nat hook prerouting priority dstnat; policy accept; ${family} daddr ${router} tcp dport 8080 dnat to ${bracketed(server)}:80; }
  chain postrouting { type nat hook postrouting priority srcnat; policy accept; oifname "inside" udp dport 53 masquerade; }
}
table inet filter {
  chain input { type filter hook input priority filter; policy accept; ct state invalid drop; }
  chain forward { type filter hook forward priority filter; policy drop; ct state established,related accept; ct status dnat accept; udp dport 53 accept; }
}
`,
    }
  return {
    [family === 'ip' ? 'v4' : 'v6']: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d ${router} -p tcp --dport 8080 -j DNAT --to-destination ${bracketed(server)}:80
-A POSTROUTING -o inside -p udp --dport 53 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -p udp --dport 53 -j ACCEPT
COMMIT
`,
  }
}

async function openLab(backend: Backend, family: Family): Promise<Lab> {
  const lab = await Lab.open(['client', 'router', 'server'])
  const { router, client, inside, server, bits } = ADDRESSES[family]
  await build(lab, {
    backend: backend === 'nft' ? 'nft' : backend === 'iptables-nft' ? 'xtables-nft' : 'legacy',
    hosts: {
      client: { addresses: { eth0: [`${client}/${bits}`] }, routes: [`default via ${router}`] },
      router: {
        addresses: { outside: [`${router}/${bits}`], inside: [`${inside}/${bits}`] },
        sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' },
        rules: rulesOf(backend, family),
      },
      server: {
        addresses: { eth0: [`${server}/${bits}`] },
        routes: [`default via ${inside}`],
        listeners: [
          { protocol: 'tcp', address: server, port: 80 },
          { protocol: 'udp', address: server, port: 53 },
        ],
      },
    },
    links: [
      ['client:eth0', 'router:outside'],
      ['router:inside', 'server:eth0'],
    ],
  })
  return lab
}

/** Runs at the client; prints how many were answered. */
function sends(
  count: number,
  first: number,
  pause: number,
  tcp: readonly [string, number],
  udp: readonly [string, number],
  patience: number,
) {
  const net = process.getBuiltinModule('node:net')
  const dgram = process.getBuiltinModule('node:dgram')
  let answered = 0
  let open = 0
  const end = (ok: boolean) => {
    if (ok) answered++
    open--
  }
  const one = (number: number) => {
    open++
    if (number % 2 === 0) {
      let heard = false
      const socket = net.connect({ host: tcp[0], port: tcp[1], localPort: first + number })
      socket.on('data', () => {
        heard = true
      })
      socket.on('error', () => {}).on('close', () => end(heard))
      return
    }
    const socket = dgram.createSocket(udp[0].includes(':') ? 'udp6' : 'udp4')
    const late = setTimeout(() => socket.close(() => end(false)), patience)
    socket.on('message', () => {
      clearTimeout(late)
      socket.close(() => end(true))
    })
    socket.bind(first + number, () => socket.send('?', udp[1], udp[0]))
  }
  let next = 0
  const timer = setInterval(() => {
    if (next < count) one(next++)
    else if (open === 0) {
      clearInterval(timer)
      console.log(answered)
    }
  }, pause)
}

async function send(lab: Lab, family: Family): Promise<void> {
  const { tcp, udp } = ASKED(family)
  const text = `(${sends})(${JSON.stringify([COUNT, FIRST_PORT, PAUSE, tcp, udp, PATIENCE]).slice(1, -1)})`
  const ran = await lab.ask('client', {
    do: 'run',
    argv: [process.execPath, '-e', text],
    timeout: 2 * PATIENCE + COUNT * 100,
  })
  expect(ran, 'the lab').toMatchObject({ status: 0, out: `${COUNT}\n` })
}

function keep(name: string, inputs: readonly Input[]): void {
  const to = process.env.NFWHY_HEALTHY_KEEP
  if (!to) return
  mkdirSync(join(to, name), { recursive: true })
  for (const input of inputs)
    writeFileSync(join(to, name, input.name), 'bytes' in input ? input.bytes : 'text' in input ? input.text : '')
}

/** Each has a line when it is over; some are told again. */
const answeredIn = (told: string): number =>
  new Set(Array.from(told.matchAll(/"exchange":\{"id":("[^"]*").*"status":"answered"/g), ([, id]) => id)).size

/** Counted by what is wrong with them; those that nothing is wrong with are `answered`. */
function tally(exchanges: readonly Exchange[], family: Family): Record<string, number> {
  const counts: Record<string, number> = {}
  const seen = new Set<number>()
  for (const { asked, status, findings } of exchanges) {
    const told = findings.filter(({ severity }) => severity !== 'note').map(({ message }) => message)
    const ours = asked.protocol === 'tcp' || asked.protocol === 'udp'
    // what the machines tell their neighbours need not be answered
    if (!ours && status !== 'answered' && status !== 'undetermined')
      told.push(`${asked.protocol} ${asked.dst} ${status}`)
    const to = ours ? ASKED(family)[asked.protocol as 'tcp' | 'udp'] : undefined
    const isSent = asked.src === ADDRESSES[family].client && asked.dst === to?.[0] && asked.dport === to?.[1]
    if (ours && (!isSent || seen.has(asked.sport!))) told.push(`a phantom: ${JSON.stringify(asked)}`)
    if (ours) seen.add(asked.sport!)
    for (const one of [...(ours ? [status] : []), ...told]) counts[one] = (counts[one] ?? 0) + 1
  }
  return counts
}

const reason = whyNot('nft', 'iptables-nft', 'dmesg', 'ss', 'conntrack') ?? (await whyNoLab())
if (reason) console.warn(`no crowds of exchanges are sent: ${reason}`)

const EACH = (['iptables-legacy', 'iptables-nft', 'nft'] as const).flatMap((backend) =>
  (['ip', 'ip6'] as const).map((family) => ({ backend, family })),
)

describe.skipIf(reason)(`${COUNT} exchanges that work`, { timeout: 4 * PATIENCE + COUNT * 200 }, () => {
  holdLogs()

  // what nft traces is told to its own namespace alone, as what NFLOG takes; the kernel's log is one for all
  const [logged, traced] = [true, false].map((is) => EACH.filter((one) => isLogged(one) === is))
  if (isPlayedHere(true)) it.each(logged!)('$backend, $family: saved', saved)
  if (isPlayedHere(false)) {
    it.concurrent.each(traced!)('$backend, $family: saved', saved)
    it.concurrent.each(EACH)('$backend, $family: live', live)
  }

  async function saved({ backend, family }: (typeof EACH)[number]): Promise<void> {
    const lab = await openLab(backend, family)
    try {
      const trace = await startTrace(lab, { traced: 'router', backend })
      await send(lab, family)
      const inputs = [...(await trace.stop()), ...(await stateOf(lab, 'router'))]
      const analysis = await open(inputs)
      const { exchanges } = await analysis.exchanges()
      const told = tally(exchanges, family)
      if (told.answered !== COUNT || Object.keys(told).length > 1) keep(`${backend}-${family}`, inputs)
      expect(told).toEqual({ answered: COUNT })
    } finally {
      await lab.close()
    }
  }

  async function live({ backend, family }: (typeof EACH)[number]): Promise<void> {
    const lab = await openLab(backend, family)
    const via = lab.entry('router').map(shellWord).join(' ')
    const run = new TraceRun(['--ndjson', '--rate', 'unlimited', '--via', via, 'tcp or udp'])
    try {
      await run.says(/^Ready/m)
      await send(lab, family)
      // a busy machine tells of them later
      for (const until = Date.now() + PATIENCE; answeredIn(run.stdout) < COUNT && Date.now() < until; )
        await new Promise((resolve) => setTimeout(resolve, LATE / 10))
      await new Promise((resolve) => setTimeout(resolve, LATE))
      run.kill('SIGINT')
      const { code, stdout, stderr } = await run.ended
      const told = new Map<string, Exchange>()
      for (const line of stdout.trim().split('\n')) {
        const { exchange } = JSON.parse(line) as { exchange?: Exchange }
        if (exchange) told.set(exchange.id, exchange)
      }
      expect(tally([...told.values()], family), stderr).toEqual({ answered: COUNT })
      expect(code, stderr).toBe(0)
    } finally {
      run.kill()
      await lab.close()
    }
  }
})
