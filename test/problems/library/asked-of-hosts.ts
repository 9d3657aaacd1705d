/** Single servers: a blocklist that is asked for what leaves as well, and ports that a client must not have. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const LISTS = [0, 1, 2, 3, 4, 5]

export const ASKED_OF_HOSTS: Problem[] = [
  {
    name: 'crowdsec-lists-asked-at-output-take-the-replies-to-the-office',
    thread: {
      title: 'Block outbound traffic',
      address: 'https://github.com/crowdsecurity/cs-firewall-bouncer/issues/214',
    },
    backend: 'iptables-legacy',
    hosts: {
      office: { addresses: { eth0: ['198.51.100.7/28'] }, routes: ['default via 198.51.100.1'] },
      scanner: {
        addresses: { eth0: ['198.51.100.66/28'] },
        routes: ['default via 198.51.100.65'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
      internet: {
        addresses: { eth0: ['203.0.113.254/24'], eth1: ['198.51.100.1/28'], eth2: ['198.51.100.65/28'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 53 }],
      },
      server: {
        addresses: { eth0: ['203.0.113.1/24'] },
        routes: ['default via 203.0.113.254'],
        listeners: [SSH, HTTPS],
        rules: {
          ipset: `${LISTS.map((n) => `create crowdsec-blocklists-${n} hash:net family inet timeout 300000\n`).join('')}add crowdsec-blocklists-0 192.0.2.13
add crowdsec-blocklists-1 192.0.2.77
add crowdsec-blocklists-2 192.0.2.128/26
add crowdsec-blocklists-3 198.51.100.0/24
add crowdsec-blocklists-5 192.0.2.200
`,
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:CROWDSEC_CHAIN - [0:0]
:CROWDSEC_OUTPUT_CHAIN - [0:0]
:CROWDSEC_LOG - [0:0]
-A INPUT -s 198.51.100.7/32 -m comment --comment office -j ACCEPT
-A INPUT -j CROWDSEC_CHAIN
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m limit --limit 6/min --limit-burst 6 -j ACCEPT
-A OUTPUT -j CROWDSEC_OUTPUT_CHAIN
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${LISTS.map((n) => `-A CROWDSEC_CHAIN -m set --match-set crowdsec-blocklists-${n} src -j CROWDSEC_LOG\n`).join('')}${[
  ...LISTS,
]
  .reverse()
  .map((n) => `-A CROWDSEC_OUTPUT_CHAIN -m set --match-set crowdsec-blocklists-${n} dst -j DROP\n`)
  .join('')}-A CROWDSEC_LOG -m limit --limit 5/min -j LOG --log-prefix "CROWDSEC: "
-A CROWDSEC_LOG -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['server:eth0', 'internet:eth0'],
      ['internet:eth1', 'office:eth0'],
      ['internet:eth2', 'scanner:eth0'],
    ],
    traced: 'server',
    fails: { from: 'office', what: 'tcp', to: '203.0.113.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'internet', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'udp', to: '203.0.113.254', port: 53 }, seen: 'answered' },
      { sending: { from: 'scanner', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'nothing' },
      { sending: { from: 'server', what: 'tcp', to: '198.51.100.66', port: 80 }, seen: 'nothing' },
      { sending: { from: 'office', what: 'ping', to: '203.0.113.1' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The office is accepted in front of the blocklists, and one of these has its network: they are asked for what leaves the server, too, where no exception stands, so its reply is dropped.',
      causes: [{ rule: '--match-set crowdsec-blocklists-3 dst -j DROP', chain: 'filter CROWDSEC_OUTPUT_CHAIN' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'iptables -I CROWDSEC_OUTPUT_CHAIN 1 -d 198.51.100.7/32 -j RETURN']],
  },
  {
    name: 'firehol-default-client-ports-leave-out-a-switch-that-logs-from-its-own',
    thread: {
      title: "FYI services using 'default' client ports with 'drop' action may permit unexpected connections",
      address: 'https://github.com/firehol/firehol/issues/504',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'udp', port: 5514 }, { protocol: 'udp', port: 123 }],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:in_lan - [0:0]
:in_lan_icmp_s4 - [0:0]
:in_lan_netlog_s2 - [0:0]
:in_lan_ntp_s3 - [0:0]
:in_lan_ssh_s1 - [0:0]
:out_lan - [0:0]
:out_lan_icmp_s4 - [0:0]
:out_lan_netlog_s2 - [0:0]
:out_lan_ntp_s3 - [0:0]
:out_lan_ssh_s1 - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -j in_lan
-A INPUT -m conntrack --ctstate RELATED -j ACCEPT
-A INPUT -m limit --limit 1/sec -j LOG --log-prefix "IN-unknown:"
-A INPUT -j DROP
-A FORWARD -m conntrack --ctstate RELATED -j ACCEPT
-A FORWARD -j DROP
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o eth0 -j out_lan
-A OUTPUT -m conntrack --ctstate RELATED -j ACCEPT
-A OUTPUT -j DROP
-A in_lan -j in_lan_ssh_s1
-A in_lan -j in_lan_netlog_s2
-A in_lan -j in_lan_ntp_s3
-A in_lan -j in_lan_icmp_s4
-A in_lan -m conntrack --ctstate RELATED -j ACCEPT
-A in_lan -m limit --limit 1/sec -j LOG --log-prefix "IN-lan:"
-A in_lan -j DROP
-A in_lan_icmp_s4 -p icmp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_lan_netlog_s2 -p udp -m udp --sport 1024:65535 --dport 5514 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_lan_ntp_s3 -p udp -m udp --sport 123 --dport 123 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_lan_ntp_s3 -p udp -m udp --sport 1024:65535 --dport 123 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_lan_ssh_s1 -p tcp -m tcp --sport 1024:65535 --dport 22 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A out_lan -j out_lan_ssh_s1
-A out_lan -j out_lan_netlog_s2
-A out_lan -j out_lan_ntp_s3
-A out_lan -j out_lan_icmp_s4
-A out_lan -m conntrack --ctstate RELATED -j ACCEPT
-A out_lan -j DROP
-A out_lan_icmp_s4 -p icmp -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A out_lan_netlog_s2 -p udp -m udp --sport 5514 --dport 1024:65535 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A out_lan_ntp_s3 -p udp -m udp --sport 123 --dport 123 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A out_lan_ntp_s3 -p udp -m udp --sport 123 --dport 1024:65535 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A out_lan_ssh_s1 -p tcp -m tcp --sport 22 --dport 1024:65535 -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 5514, sport: 514 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 5514 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 123, sport: 123 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "FireHOL's services of default client ports accept what comes from ports above 1023 alone, and the switch sends its log from port 514: no rule matches, and the interface's last one drops.",
      causes: [
        { rule: '--sport 1024:65535 --dport 5514', chain: 'filter in_lan_netlog_s2' },
        { rule: '-j DROP', chain: 'filter in_lan' },
        { code: 'near-miss', words: ['1024'] },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'iptables -A in_lan_netlog_s2 -p udp -m udp --sport 514 --dport 5514 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT; iptables -A out_lan_netlog_s2 -p udp -m udp --sport 5514 --dport 514 -m conntrack --ctstate ESTABLISHED -j ACCEPT',
      ],
    ],
  },
]
