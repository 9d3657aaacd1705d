/** A program replies from another address than nat had led the request to. */
import { expect, test } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { open } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const CLIENT = '192.0.2.7'
const HOST = '192.0.2.1'
const ADDRESSES =
  '2: eth0    inet 192.0.2.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n3: eth1    inet 198.51.100.1/24 scope global eth1\\       valid_lft forever preferred_lft forever\n'
const FILTER = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'

const asked: TestPacket = { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 53, protocol: 'udp' }

test('where nat led it there, a rule of nat leads it to the address from which the program replies', async () => {
  const rule = '-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j REDIRECT --to-ports 5300'
  const nat = `*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${rule}\nCOMMIT\n`
  const conntrack =
    `udp      17 28 src=198.51.100.1 dst=${CLIENT} sport=5300 dport=40000 [UNREPLIED] src=${CLIENT} dst=198.51.100.1 sport=40000 dport=5300 mark=0 use=1\n` +
    `udp      17 28 src=${CLIENT} dst=203.0.113.53 sport=40000 dport=53 [UNREPLIED] src=${HOST} dst=${CLIENT} sport=5300 dport=40000 mark=0 use=1\n`
  const lines = [
    trace('nat:PREROUTING:rule:1', { ...asked, dst: '203.0.113.53' }),
    trace('filter:INPUT:policy:1', { ...asked, dport: 5300 }),
    trace('nat:INPUT:policy:1', { ...asked, dport: 5300 }),
  ]
  const files = Object.entries({ log: dmesg(lines), rules: nat + FILTER, ADDRESSES, conntrack })
  const { exchanges } = await (await open(files.map(([name, text]) => ({ name, text })))).exchanges()
  const { status, findings } = exchanges[0]!
  expect(status).toBe('reply-lost')
  const { message, fix } = findings.find(({ code }) => code === 'reply-from-other-address')!
  expect(message).toMatch(
    /^nat sent the request to 192\.0\.2\.1:5300, but conntrack's list shows .* 198\.51\.100\.1:5300\./,
  )
  expect(fix.map((one) => fixCommands(one).command?.toString())).toEqual([
    `iptables -t nat -I PREROUTING 1 -s ${CLIENT} -d 203.0.113.53 -i eth0 -p udp --dport 53 -j DNAT --to-destination 198.51.100.1:5300`,
    undefined,
  ])
})
