/** What people paste that is no listing: it is named, and nothing of it is read as rules or state. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const [HEAD, ...REST] = RULES.split('COMMIT')
const RULE = (port: number, target: string) => `-A INPUT -p tcp -m tcp --dport ${port} -j ${target}`

const UNIFIED = `--- before\n+++ after\n@@ -1,5 +1,5 @@\n ${HEAD!.trim().replaceAll('\n', '\n ')}\n-${RULE(80, 'ACCEPT')}\n+${RULE(80, 'DROP')}\n${REST}COMMIT\n`
const NORMAL = `5c5\n< ${RULE(80, 'ACCEPT')}\n---\n> ${RULE(80, 'DROP')}\n`
const ENTRY =
  'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=53 src=10.0.0.2 dst=10.0.0.1 sport=53 dport=1 mark=0 use=1'
const DELETED = `${ENTRY}\nconntrack v1.4.6 (conntrack-tools): 1 flow entries have been deleted.\n`
const EVENT = `    [NEW] ${ENTRY.replace(' src=10.0.0.2', ' [UNREPLIED] src=10.0.0.2')}\n`

const PASTED: Readonly<Record<string, readonly [text: string, command: string, is: RegExp]>> = {
  'a unified diff': [UNIFIED, 'diff -u before after', /output of diff, not a listing/],
  'a diff': [NORMAL, 'diff before after', /output of diff, not a listing/],
  'conntrack -D': [DELETED, 'conntrack -D -p udp', /output of conntrack -D/],
  'conntrack -E': [EVENT, 'conntrack -E', /output of conntrack -E/],
  'conntrack -E -o timestamp': [`[1762000000.123456]\t${EVENT}`, 'conntrack -E -o timestamp', /output of conntrack -E/],
  'conntrack -E -o extended': [
    EVENT.replace('udp', 'ipv4     2 udp'),
    'conntrack -E -o extended',
    /output of conntrack -E/,
  ],
  'tcpdump without times': [
    'IP 10.11.0.5.37567 > 10.220.254.1.443: Flags [S], seq 3864019960, win 23200, length 0\n',
    'tcpdump -tni any',
    /output of tcpdump/,
  ],
  'tcpdump -tt': [
    '1762000000.123456 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64\n',
    'tcpdump -ttni eth0',
    /output of tcpdump/,
  ],
  'tcpdump -e': [
    '14:51:53.504222 52:54:00:af:42:7c > aa:c1:ab:aa:f4:35, ethertype IPv4 (0x0800), length 98: (tos 0x0, ttl 64)\n',
    'tcpdump -vvnnei eth1 icmp',
    /output of tcpdump,/,
  ],
  auditd: [
    'type=NETFILTER_CFG msg=audit(1479622038.866:2): table=filter family=2 entries=0\n',
    'ausearch -m NETFILTER_CFG',
    /audit system/,
  ],
  'tshark -V': [
    'Frame 1: 74 bytes on wire (592 bits), 74 bytes captured (592 bits) on interface eth0, id 0\n    Interface id: 0 (eth0)\n',
    'tshark -V',
    /tshark -V/,
  ],
  PDML: [
    '<?xml version="1.0"?>\n<pdml version="0" creator="wireshark/3.4.8">\n<packet></packet>\n</pdml>\n',
    'tshark -T pdml',
    /PDML/,
  ],
}

for (const [name, [text, command, is]] of Object.entries(PASTED)) {
  it(`${name} alone is named`, async () => {
    await expect(open([{ name: 'paste', text }])).rejects.toThrow(is)
  })

  it(`${name} beside a listing changes nothing of it`, async () => {
    const ticket = `$ iptables-save\n${RULES}$ ${command}\n${text}`
    const analysis = await open([{ name: 'ticket', text: ticket }])
    expect(analysis.warnings.map(({ message }) => message).join('\n')).toMatch(is)
    const [world] = analysis.machines.map((one) => one.world)
    expect(world!.tables.flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules))).toEqual([])
    expect(world!.host.conntrack).toBeUndefined()
  })
}
