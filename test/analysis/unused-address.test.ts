/** A neighbour asks for an address of this host that the kernel does not use: duplicate address detection has failed, or goes on. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'

const RULES = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
COMMIT
`
const asked = (group: string) =>
  `[   10.000000] TRACE: filter:INPUT:rule:1 IN=eth0 OUT= MAC=33:33:ff:00:01:00:02:00:00:00:00:02:86:dd SRC=2001:db8:1::9 DST=${group} LEN=72 TC=0 HOPLIMIT=255 FLOWLBL=0 PROTO=ICMPv6 TYPE=135 CODE=0 \n`
const inText = (
  flags: string,
) => `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet6 2001:db8:1::100/128 scope global ${flags}
       valid_lft forever preferred_lft forever
    inet6 2001:db8:1::12/64 scope global nodad
       valid_lft forever preferred_lft forever
`
const inJson = (flags: object) =>
  JSON.stringify([
    {
      ...{ ifindex: 2, ifname: 'eth0', flags: ['UP'], mtu: 1500, operstate: 'UP' },
      addr_info: [{ family: 'inet6', local: '2001:db8:1::100', prefixlen: 128, scope: 'global', ...flags }],
    },
  ])

async function told(address: string, group = 'ff02::1:ff00:100') {
  const files = { 'trace.log': asked(group), 'rules.v6': RULES, address }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  return exchanges.map(({ status, findings }) => [
    status,
    ...findings.filter(({ severity }) => severity === 'error').map(({ message }) => message),
  ])
}

describe('a solicitation for an address that the kernel does not use', () => {
  it.each([
    ['as text', inText('dadfailed tentative')],
    ['as JSON', inJson({ dadfailed: true, tentative: true })],
  ])('is not answered, for the address has failed its check (%s)', async (_name, address) => {
    expect(await told(address)).toEqual([
      [
        'unanswered',
        'The kernel does not use 2001:db8:1::100 on eth0: duplicate address detection found another host with this address (dadfailed). So this host ignores neighbour solicitations for 2001:db8:1::100.',
      ],
    ])
  })

  it('is not answered while the check goes on', async () => {
    expect((await told(inText('tentative'))).flat().join()).toContain('was still running in the host state (tentative)')
  })

  it.each([
    ['the kernel uses it', inText('')],
    ['it is used before its check has ended', inText('tentative optimistic')],
    ['another address is asked for', inText('dadfailed tentative'), 'ff02::1:ff00:12'],
  ])('is told of by itself alone: %s', async (_name, address, group?: string) => {
    expect(await told(address, group)).toEqual([])
  })
})
