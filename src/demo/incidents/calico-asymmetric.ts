import type { Incident } from '../incident.ts'

/** Calico's chains around one workload, and the LOG rule of the report. */
const RULES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-PREROUTING - [0:0]
:cali-from-host-endpoint - [0:0]
-A PREROUTING -p icmp -m icmp --icmp-type 0 -j LOG --log-prefix "raw prerouting: "
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A cali-PREROUTING -m comment --comment "cali:XFX5xbM8B9qR10JG" -j MARK --set-xmark 0x0/0xf0000
-A cali-PREROUTING -i cali+ -m comment --comment "cali:EWMPb0zVROM-woQp" -j MARK --set-xmark 0x40000/0x40000
-A cali-PREROUTING -m comment --comment "cali:MFXPTYTfjd6aSAvf" -m mark --mark 0x0/0x40000 -j cali-from-host-endpoint
-A cali-PREROUTING -m comment --comment "cali:ruT9lwBYGPT2zVXl" -m mark --mark 0x10000/0x10000 -j ACCEPT
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-cali12d4a061371 - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-tw-cali12d4a061371 - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -m comment --comment "cali:jdEuaPBe14V2hutn" -j cali-to-wl-dispatch
-A cali-from-wl-dispatch -i cali12d4a061371 -m comment --comment "cali:gK6Yp0NkuHFBbEOj" -g cali-fw-cali12d4a061371
-A cali-fw-cali12d4a061371 -m comment --comment "cali:E3FJXfZR2lo4mOXK" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali12d4a061371 -m comment --comment "cali:1gHPnJOFMZgYDgUh" -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali12d4a061371 -m comment --comment "cali:wJpKrjf7YFqvzJEB" -j ACCEPT
-A cali-to-wl-dispatch -o cali12d4a061371 -m comment --comment "cali:pCvmIW8yQUbTIQKv" -g cali-tw-cali12d4a061371
-A cali-tw-cali12d4a061371 -m comment --comment "cali:LSgxqkBEOnrcsIWI" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali12d4a061371 -m comment --comment "cali:tqo4xGaYWEIoAq9e" -m conntrack --ctstate INVALID -j DROP
-A cali-tw-cali12d4a061371 -m comment --comment "cali:PO1b5Oc9xBZ4Wmw2" -m comment --comment "Drop if no profiles matched" -j DROP
COMMIT
`

export const calicoAsymmetric: Incident = {
  name: 'calico-asymmetric',
  title: 'a LOG rule shows the reply of a ping coming in, but the reply never arrives',
  story:
    'A machine behind a Calico node pings 8.8.8.8 and gets no reply, although a LOG rule on the node shows the ' +
    'reply coming in. The request left through another router, so conntrack has no connection for the reply. ' +
    '(The original bug report has no ruleset; apart from the LOG rule, this demo uses rules as Calico writes them.)',
  backend: 'legacy',
  hosts: {
    vm: {
      addresses: { eth0: ['10.39.0.110/24'], eth1: ['10.40.0.110/24'] },
      routes: ['default via 10.40.0.1 src 10.39.0.110'],
    },
    node: {
      addresses: { cali12d4a061371: ['10.39.0.1/24'], eth0: ['192.0.2.10/24'] },
      routes: ['8.8.8.8/32 via 192.0.2.1'],
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: { v4: RULES },
    },
    other: {
      addresses: { eth0: ['10.40.0.1/24'], eth1: ['198.51.100.10/24'] },
      routes: ['8.8.8.8/32 via 198.51.100.1'],
      sysctls: { 'net.ipv4.ip_forward': '1' },
    },
    internet: {
      addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'], lo: ['8.8.8.8/32'] },
      routes: ['10.39.0.0/24 via 192.0.2.10'],
    },
  },
  links: [
    ['vm:eth0', 'node:cali12d4a061371'],
    ['vm:eth1', 'other:eth0'],
    ['node:eth0', 'internet:eth0'],
    ['other:eth1', 'internet:eth1'],
  ],
  traced: 'node',
  packet: { from: 'vm', what: 'ping', to: '8.8.8.8' },
  asks: 'answer',
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    culprit: 'filter:cali-tw-cali12d4a061371:2',
    findings: ['dropped-by-rule', 'invalid-state'],
    fix: {
      words: 'Send the request through the same node that the reply comes through.',
      command: 'ip route replace default via 10.39.0.1',
      proposed: false,
      on: 'vm',
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
