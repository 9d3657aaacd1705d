/** From threads, by iptables-legacy: a hotspot that rewrites its own loopback, and a printer that rejects it once for each start. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const PLEX = { protocol: 'tcp', port: 32400 } as const

/** The media server answers without a login what comes from 127.0.0.1: here a rule stands for that. */
const HOTSPOT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -i wlan0 -p udp -m udp --dport 67 -j ACCEPT
-A INPUT -i wlan0 -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -s 127.0.0.0/8 -p tcp -m tcp --dport 32400 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 32400 -j REJECT --reject-with tcp-reset
-A FORWARD -i eth0 -o wlan0 -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wlan0 -o eth0 -j ACCEPT
COMMIT
`

/** A script adds the maker's names at each start, and never removes them. One of the names leads to 127.0.0.1. */
const STARTS = 14
const PRINTER = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${'-A OUTPUT -d 203.0.113.50/32 -j REJECT --reject-with icmp-port-unreachable\n-A OUTPUT -d 127.0.0.1/32 -j REJECT --reject-with icmp-port-unreachable\n'.repeat(STARTS)}COMMIT
`

export const LOOPBACK_AND_ONE_NAME_TOO_OFTEN_BY_LEGACY: Problem[] = [
  {
    name: 'raspap-masquerades-what-its-own-programs-ask-on-loopback',
    thread: {
      title: 'Iptables NAT configuration interfering with other services communciating to APIs on localhost',
      address: 'https://github.com/RaspAP/raspap-webgui/issues/333',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { wlan0: ['10.3.141.50/24'] }, routes: ['default via 10.3.141.1'], listeners: [HTTP] },
      pi: {
        addresses: { wlan0: ['10.3.141.1/24'], eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.1'],
        sysctls: FORWARDS,
        listeners: [SSH, PLEX],
        rules: { v4: HOTSPOT },
      },
      router: { addresses: { eth0: ['192.168.1.1/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['phone:wlan0', 'pi:wlan0'],
      ['pi:eth0', 'router:eth0'],
    ],
    traced: 'pi',
    fails: { from: 'pi', what: 'tcp', to: '127.0.0.1', port: 32400 },
    seen: 'refused',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'pi', what: 'tcp', to: '192.168.1.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'pi', what: 'tcp', to: '10.3.141.50', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.3.141.1', port: 32400 }, seen: 'refused' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.20', port: 32400 }, seen: 'refused' },
    ],
    truth: {
      words:
        'MASQUERADE names no interface, so that it rewrites on loopback, too: what the machine asks itself comes from the address of a card, which the rule for the port does not accept.',
      causes: [{ rule: '-A POSTROUTING -j MASQUERADE', chain: 'nat POSTROUTING' }, { code: 'snat-changed-source' }],
      status: ['rejected'],
    },
    mend: [['pi', 'iptables -t nat -R POSTROUTING 1 -o eth0 -j MASQUERADE']],
  },
  {
    name: 'printer-rejects-its-own-loopback-once-for-each-start',
    thread: { title: 'Firewall DNS issues', address: 'https://github.com/OpenCentauri/cc-fw-tools/issues/71' },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['default via 192.0.2.1'] },
      printer: {
        addresses: { eth0: ['192.0.2.30/24'] },
        routes: ['default via 192.0.2.1'],
        listeners: [SSH, HTTP],
        rules: { v4: PRINTER },
      },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: { 'br-lan': ['192.0.2.1/24'], lo: ['203.0.113.50/32', '203.0.113.9/32'] },
        listeners: [HTTPS],
      },
    },
    links: [
      ['pc:eth0', 'router:lan1'],
      ['printer:eth0', 'router:lan2'],
    ],
    traced: 'printer',
    fails: { from: 'printer', what: 'tcp', to: '127.0.0.1', port: 80 },
    // the error is for 127.0.0.1, too, and is rejected itself
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.0.2.30', port: 80 }, seen: 'answered' },
      { sending: { from: 'printer', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'printer', what: 'tcp', to: '203.0.113.50', port: 443 }, seen: 'refused' },
      { sending: { from: 'printer', what: 'ping', to: '127.0.0.1' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The script rejects a name of the maker that the local DNS answers with 127.0.0.1, and adds the rule again at each start: all of them must go.',
      causes: [{ rule: '-d 127.0.0.1/32 -j REJECT', chain: 'filter OUTPUT' }],
      status: ['rejected'],
    },
    mend: [['printer', 'while iptables -D OUTPUT -d 127.0.0.1/32 -j REJECT 2>/dev/null; do :; done']],
  },
]
